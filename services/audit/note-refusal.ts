import { actorReference } from "../../domain/kernel/actor.ts";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";

// Telling of refusals must cost less than refusing: an isolate tells each of them once in this time.
const TOLD_EVERY_MS = 10 * MINUTE_MS;
const MAX_REMEMBERED = 5_000;

const told = new Map<string, number>();

export interface Refused {
  method: string;
  /** The route's pattern: what was asked for by name may be anything. */
  route: string;
  permission: string | null;
}

/** Records that somebody known was refused what their role or their key's scopes do not allow. */
export async function noteRefusal(ctx: ServiceContext, refused: Refused): Promise<void> {
  const now = ctx.clock.now();
  const { type, id } = actorReference(ctx.actor);
  const key = `${ctx.tenant.id} ${type} ${id} ${refused.method} ${refused.route}`;
  if ((told.get(key) ?? 0) > now - TOLD_EVERY_MS) return;
  told.delete(key);
  told.set(key, now);
  const [oldest] = told.keys();
  if (told.size > MAX_REMEMBERED && oldest !== undefined) told.delete(oldest);
  await commit(ctx, { change: [], audit: { action: "access.refused", details: { ...refused } } });
}
