import { and, eq } from "drizzle-orm";
import type { Json } from "../../domain/kernel/json.ts";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { isSuspended } from "../limits/is-suspended.ts";
import { findTrigger, isTrigger, type TriggerRow } from "./find-trigger.ts";
import { toPublishedEvent } from "./list-published-events.ts";
import { findEvent } from "./publish-event.ts";
import { MAX_DEPTH, startRun } from "./start-run.ts";
import { triggers } from "./table.ts";

// What a trigger does for an event that it wanted.
//   T1  An event starts one run: its name follows from trigger and event, and a name starts once.
//   T2  What cannot be started is told on the trigger; the task that brought the event tries again where that may help, and
//       rests as a failed job otherwise.

/** For the consumer alone. */
export async function fireTrigger(
  platform: ServiceContext,
  { triggerId, eventId }: { triggerId: string; eventId: string },
): Promise<void> {
  const ctx: ServiceContext = { ...platform, actor: { kind: "system", name: triggerId } };
  const [row, event] = await Promise.all([findTrigger(ctx, triggerId), findEvent(ctx, eventId)]);
  // Forgotten or switched off since, or the tenant's events are gone.
  if (row === null || !row.enabled || event === null) return;
  if (await isSuspended(ctx, ctx.tenant.id)) {
    await note(ctx, row, { lastEventId: eventId, lastError: "The tenant is suspended." });
    return;
  }
  try {
    if (event.depth >= MAX_DEPTH) {
      throw problem("conflict", { detail: `More than ${MAX_DEPTH} runs led to this event, one by one.` });
    }
    const { version, alias } = row;
    const { run } = await startRun(
      ctx,
      row.workflow,
      {
        name: `${triggerId}-${eventId}`,
        input: toPublishedEvent(event) as unknown as Json,
        ...(version !== null && { version }),
        ...(alias !== null && { alias }),
      },
      { depth: event.depth + 1 },
    );
    await note(ctx, row, { lastEventId: eventId, lastRunId: run.id, lastError: null });
  } catch (error) {
    const lastError = asProblem(error)?.message ?? "Something went wrong on our side.";
    await note(ctx, row, { lastEventId: eventId, lastError });
    throw error;
  }
}

async function note(
  ctx: ServiceContext,
  { id, tenantId }: TriggerRow,
  progress: Pick<TriggerRow, "lastEventId" | "lastError"> & { lastRunId?: string },
): Promise<void> {
  await ctx.db
    .update(triggers)
    .set({ ...progress, lastAt: ctx.clock.now() })
    .where(and(isTrigger(ctx, id), eq(triggers.tenantId, tenantId)));
}
