import { and, eq } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { plannedStarts, wantedTicks } from "../../domain/workflows/schedule-ticks.ts";
import type { ServiceContext } from "../context.ts";
import { isSuspended } from "../limits/is-suspended.ts";
import { findSchedule, isSchedule, type ScheduleRow } from "./find-schedule.ts";
import { startRun } from "./start-run.ts";
import { schedules } from "./table.ts";

// What a schedule does when it is looked at.
//   S1  A tick starts one run: its name follows from schedule and tick, and a name starts once.
//   S2  A tick is answered before it is written down as answered; looking again after a crash does the same again.
//   S3  A tick that cannot be started for a reason that stays is told and passed over; for one that passes it is tried again.

/** Of ticks that were missed; the rest is told by nobody. */
const MAX_TICKS = 100;
const RETRY_MS = 10 * SECOND_MS;
/** How often a buffered tick asks whether the run that it waits for has ended. */
const POLL_MS = 5 * SECOND_MS;

export interface NextLook {
  /** `null`: never again, unless somebody wakes the schedule. */
  at: number | null;
  /** The tick that waits for the run of an earlier one. */
  buffered: number | null;
}

interface Progress {
  lastAt: number | null;
  lastRunId: string | null;
  lastError: string | null;
}

/** Starts what is due. Called by the schedule's own actor alone, one look after the other. */
export async function tickSchedule(ctx: ServiceContext, id: string, buffered: number | null): Promise<NextLook> {
  const row = await findSchedule(ctx, id);
  if (row === null || !row.enabled) return { at: null, buffered: null };
  const now = ctx.clock.now();
  const passed = ctx.ports.calendar
    .latest(row.cron, row.timezone, now, MAX_TICKS)
    .filter((tick) => tick > Math.max(row.since, row.lastAt ?? 0));
  const progress: Progress = { lastAt: row.lastAt, lastRunId: row.lastRunId, lastError: row.lastError };
  const done = await answer(ctx, row, passed, { buffered, now, progress });
  const nextAt = ctx.ports.calendar.next(row.cron, row.timezone, now);
  await ctx.db
    .update(schedules)
    .set({ ...progress, nextAt })
    // A schedule that was changed meanwhile has other ticks, and its change wakes the actor again.
    .where(and(isSchedule(ctx, id), eq(schedules.tenantId, row.tenantId), eq(schedules.updatedAt, row.updatedAt)));
  const again = done.isUnfinished ? now + RETRY_MS : done.buffered === null ? null : now + POLL_MS;
  return { at: earliest(nextAt, again), buffered: done.buffered };
}

async function answer(
  ctx: ServiceContext,
  row: ScheduleRow,
  passed: readonly number[],
  { buffered, now, progress }: { buffered: number | null; now: number; progress: Progress },
): Promise<{ buffered: number | null; isUnfinished: boolean }> {
  const newest = passed.at(-1) ?? progress.lastAt;
  if (passed.length === 0 && buffered === null) return { buffered: null, isUnfinished: false };
  if (await isSuspended(ctx, row.tenantId)) {
    Object.assign(progress, { lastAt: newest, lastError: "The tenant is suspended." });
    return { buffered: null, isUnfinished: false };
  }
  const isRunning = row.overlap !== "allow" && (await goesOn(ctx, row.lastRunId));
  const wanted = wantedTicks(passed, row.missed, now);
  const plan = plannedStarts(wanted, { overlap: row.overlap, isRunning, buffered });
  for (const tick of plan.starts) {
    const outcome = await start(ctx, row, tick);
    if (outcome.kind === "later") {
      ctx.log.warn("schedule.start-failed", { scheduleId: row.id, cause: outcome.cause });
      // What comes before this tick is done; the tick itself and what follows is looked at again.
      return { buffered: tick === buffered ? buffered : null, isUnfinished: true };
    }
    if (tick !== buffered) progress.lastAt = tick;
    if (outcome.kind === "started") Object.assign(progress, { lastRunId: outcome.runId, lastError: null });
    else progress.lastError = outcome.cause;
  }
  progress.lastAt = newest;
  return { buffered: plan.buffered, isUnfinished: false };
}

type Outcome =
  | { kind: "started"; runId: string }
  | { kind: "refused"; cause: string }
  | { kind: "later"; cause: string };

async function start(ctx: ServiceContext, row: ScheduleRow, tick: number): Promise<Outcome> {
  const { version, alias, input } = row;
  try {
    const { run } = await startRun(ctx, row.workflow, {
      name: runName(row.id, tick),
      input: input ?? {},
      ...(version !== null && { version }),
      ...(alias !== null && { alias }),
    });
    return { kind: "started", runId: run.id };
  } catch (error) {
    const known = asProblem(error);
    if (known === null) ctx.ports.errorTracker.capture(error, { scheduleId: row.id });
    const cause = known?.message ?? "Something went wrong on our side.";
    return { kind: known === null || known.retryable ? "later" : "refused", cause };
  }
}

/** `sch_...-20261122T083000Z` */
function runName(scheduleId: string, tick: number): string {
  return `${scheduleId}-${new Date(tick).toISOString().replace(/\.\d+/, "").replaceAll(/[-:]/g, "")}`;
}

async function goesOn(ctx: ServiceContext, runId: string | null): Promise<boolean> {
  const run = runId === null ? null : await ctx.ports.runActors.of(ctx.tenant.id, runId).get();
  return run?.status === "running" || run?.status === "paused";
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
