import { putLast } from "../../domain/kernel/bounded-map.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { fansOut, ROOMMATES, roommateId } from "../../domain/workflows/run-place.ts";
import type { ServiceContext } from "../context.ts";

// Runs that this isolate starts at nearly the same time live in one object, save those that need its connections for themselves
// (docs/decisions/runs-share-objects.md).

/** Ids sort by age to within this. */
const OPEN_MS = SECOND_MS;
const MAX_TENANTS = 5_000;

interface Room {
  id: string;
  runs: number;
  until: number;
}

const rooms = new Map<string, Room>();

/** The id of a run that goes by no name. */
export function newRunId(ctx: ServiceContext, definition: string): string {
  if (fansOut(definition)) return ctx.ids.next("run");
  const room = roomOf(ctx);
  room.runs++;
  return roommateId(room.id, room.runs);
}

function roomOf({ tenant, clock, ids }: ServiceContext): Room {
  const now = clock.now();
  const open = rooms.get(tenant.id);
  if (open !== undefined && open.runs < ROOMMATES && now < open.until) return open;
  const room = { id: ids.next("run"), runs: 0, until: now + OPEN_MS };
  putLast(rooms, tenant.id, room, MAX_TENANTS);
  return room;
}
