import { and, eq } from "drizzle-orm";
import { idOf } from "../../domain/kernel/id.ts";
import type { Json } from "../../domain/kernel/json.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { PublishEvent } from "../../domain/workflows/published-event.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { publishedEvents } from "./table.ts";
import { argumentsOf } from "./task-arguments.ts";
import type { TaskCall } from "./task-call.ts";

/** `weft:event:publish`. The id follows from the task's key: an attempt that is repeated after a crash publishes once. */
export async function publishEvent(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { type, data } = argumentsOf(PublishEvent, task.input);
  const id = idOf("evt", `${ctx.tenant.id}\n${task.key}`);
  const publishedAt = ctx.clock.now();
  const row = { tenantId: ctx.tenant.id, id, type, data: data ?? null, runId: task.runId, publishedAt };
  try {
    await commit(ctx, { change: ctx.db.insert(publishedEvents).values(row), audit: [] });
  } catch (error) {
    const before = asProblem(error)?.code === "conflict" ? await publishedBefore(ctx, id) : null;
    if (before === null) throw error;
    return { id, publishedAt: isoTime(before) };
  }
  return { id, publishedAt: isoTime(publishedAt) };
}

async function publishedBefore(ctx: ServiceContext, id: string): Promise<number | null> {
  const [row] = await ctx.db
    .select({ publishedAt: publishedEvents.publishedAt })
    .from(publishedEvents)
    .where(and(eq(publishedEvents.tenantId, ctx.tenant.id), eq(publishedEvents.id, id)))
    .limit(1);
  return row?.publishedAt ?? null;
}
