import { and, eq } from "drizzle-orm";
import type { Task } from "../../domain/jobs/message.ts";
import { idOf } from "../../domain/kernel/id.ts";
import type { Json } from "../../domain/kernel/json.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { matchesFilter } from "../../domain/workflows/event-filter.ts";
import { PublishEvent } from "../../domain/workflows/published-event.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { publishedEvents, triggers } from "./table.ts";
import { argumentsOf } from "./task-arguments.ts";
import type { TaskCall } from "./task-call.ts";

// How an event comes into the world.
//   P1  An event is published once, whoever repeats it: its id follows from what asked for it.
//   P2  Event and the tasks of the triggers that wanted it are one commit: none is forgotten, and triggers made later start nothing.

type EventRow = typeof publishedEvents.$inferSelect;

/** `weft:event:publish`. The id follows from the task's key: an attempt that is repeated after a crash publishes once. */
export async function publishEvent(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { type, data = null } = argumentsOf(PublishEvent, task.input);
  const id = idOf("evt", `${ctx.tenant.id}\n${task.key}`);
  const publishedAt = await publish(ctx, { id, type, data, runId: task.runId, depth: task.depth });
  return { id, publishedAt: isoTime(publishedAt) };
}

/** What an earlier area has to tell of the tenant's own. */
export async function publishPlatformEvent(
  ctx: ServiceContext,
  { eventId, type, data }: (Task & { type: "event.publish" })["payload"],
): Promise<void> {
  await publish(ctx, { id: eventId, type, data, runId: "", depth: 0 });
}

/** Tells when: earlier than now where the event was there. */
async function publish(ctx: ServiceContext, event: Omit<EventRow, "tenantId" | "publishedAt">): Promise<number> {
  const publishedAt = ctx.clock.now();
  const row = { tenantId: ctx.tenant.id, ...event, publishedAt };
  const wanting = await wantedBy(ctx, event);
  try {
    await commit(ctx, {
      change: ctx.db.insert(publishedEvents).values(row),
      audit: [],
      tasks: wanting.map((triggerId) => ({ type: "trigger.fire", payload: { triggerId, eventId: event.id } })),
    });
    return publishedAt;
  } catch (error) {
    const before = asProblem(error)?.code === "conflict" ? await findEvent(ctx, event.id) : null;
    if (before === null) throw error;
    return before.publishedAt;
  }
}

async function wantedBy({ db, tenant }: ServiceContext, { type, data }: Pick<EventRow, "type" | "data">) {
  const rows = await db
    .select({ id: triggers.id, filter: triggers.filter })
    .from(triggers)
    .where(and(eq(triggers.tenantId, tenant.id), eq(triggers.eventType, type), eq(triggers.enabled, true)));
  return rows.filter(({ filter }) => filter === null || matchesFilter(filter, data)).map(({ id }) => id);
}

export async function findEvent(ctx: ServiceContext, id: string): Promise<EventRow | null> {
  const [row] = await ctx.db
    .select()
    .from(publishedEvents)
    .where(and(eq(publishedEvents.tenantId, ctx.tenant.id), eq(publishedEvents.id, id)))
    .limit(1);
  return row ?? null;
}
