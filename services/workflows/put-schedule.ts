import { and, eq } from "drizzle-orm";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import type { NewSchedule, Schedule, SchedulePatch } from "../../domain/workflows/schedule.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { isSchedule, loadSchedule, type ScheduleRow, toSchedule } from "./find-schedule.ts";
import { patched } from "./patched.ts";
import { requireStartTarget } from "./start-target.ts";
import { schedules } from "./table.ts";

/** A standing order to start runs: who may start them may give it. */
export async function createSchedule(ctx: ServiceContext, input: NewSchedule): Promise<Schedule> {
  requirePermission(ctx, "runs:write");
  const now = ctx.clock.now();
  const id = ctx.ids.next("sch");
  const row = planned(ctx, {
    tenantId: ctx.tenant.id,
    id,
    name: input.name ?? id,
    workflow: input.workflow,
    version: input.version ?? null,
    alias: input.alias ?? null,
    cron: input.cron,
    timezone: input.timezone,
    input: input.input ?? null,
    overlap: input.overlap,
    missed: input.missed,
    enabled: input.enabled,
    since: now,
    nextAt: null,
    lastAt: null,
    lastRunId: null,
    lastError: null,
    createdAt: now,
    updatedAt: now,
  });
  await requireStartTarget(ctx, row);
  await commit(ctx, {
    change: ctx.db.insert(schedules).values(row),
    audit: { action: "schedule.created", target: { type: "schedule", id }, details: { after: toSchedule(row) } },
    conflict: nameTaken,
  });
  wake(ctx, id);
  return toSchedule(row);
}

/** Another cron, time zone or `enabled` begins anew: ticks before the change are not made up. */
export async function updateSchedule(ctx: ServiceContext, id: string, patch: SchedulePatch): Promise<Schedule> {
  requirePermission(ctx, "runs:write");
  const before = await loadSchedule(ctx, id);
  requireMatch(ctx, toSchedule(before));
  const isAnew = patch.cron !== undefined || patch.timezone !== undefined || patch.enabled !== undefined;
  const row = planned(ctx, { ...patched(ctx, before, patch), ...(isAnew && { since: ctx.clock.now() }) });
  await requireStartTarget(ctx, row);
  const { tenantId: _, id: __, createdAt: ___, lastAt: ____, lastRunId: _____, lastError: ______, ...changes } = row;
  await commit(ctx, {
    change: ctx.db
      .update(schedules)
      .set(changes)
      .where(and(isSchedule(ctx, id), eq(schedules.updatedAt, before.updatedAt))),
    audit: {
      action: "schedule.updated",
      target: { type: "schedule", id },
      details: { before: toSchedule(before), after: toSchedule(row) },
    },
    conflict: nameTaken,
  });
  wake(ctx, id);
  return toSchedule(row);
}

/** Runs that it started go on. */
export async function deleteSchedule(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "runs:write");
  const before = await loadSchedule(ctx, id);
  requireMatch(ctx, toSchedule(before));
  await commit(ctx, {
    change: ctx.db
      .delete(schedules)
      .where(and(isSchedule(ctx, id), ifStill(ctx, eq(schedules.updatedAt, before.updatedAt)))),
    audit: { action: "schedule.deleted", target: { type: "schedule", id } },
    conflict: lost(ctx, () => notFound("schedule")),
  });
  wake(ctx, id);
}

/** With its next tick; a cron or a zone that is none is refused. */
function planned(ctx: ServiceContext, row: ScheduleRow): ScheduleRow {
  const { calendar } = ctx.ports;
  const fault = calendar.fault(row.cron, row.timezone);
  if (fault !== null) throw problem("validation-failed", { errors: [fault] });
  return { ...row, nextAt: row.enabled ? calendar.next(row.cron, row.timezone, ctx.clock.now()) : null };
}

function nameTaken() {
  return problem("conflict", { detail: "A schedule of this name exists, or it was changed at the same time." });
}

/** A wake-up that is lost costs only time: the sweep finds what is overdue. */
function wake(ctx: ServiceContext, id: string): void {
  ctx.later(ctx.ports.scheduleActors.of(ctx.tenant.id, id).wake());
}
