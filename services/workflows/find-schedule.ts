import { and, desc, eq } from "drizzle-orm";
import { isId } from "../../domain/kernel/id.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Schedule } from "../../domain/workflows/schedule.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { schedules } from "./table.ts";

export type ScheduleRow = typeof schedules.$inferSelect;

export function toSchedule({ tenantId: _, since: __, ...row }: ScheduleRow): Schedule {
  return {
    ...row,
    nextAt: row.nextAt === null ? null : isoTime(row.nextAt),
    lastAt: row.lastAt === null ? null : isoTime(row.lastAt),
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}

export async function getSchedule(ctx: ServiceContext, id: string): Promise<Schedule> {
  requirePermission(ctx, "runs:read");
  return toSchedule(await loadSchedule(ctx, id));
}

/** Schedules, newest first. */
export async function listSchedules(ctx: ServiceContext, page: PageRequest): Promise<Page<Schedule>> {
  requirePermission(ctx, "runs:read");
  const rows = await ctx.db
    .select()
    .from(schedules)
    .where(and(eq(schedules.tenantId, ctx.tenant.id), olderThan(schedules.createdAt, schedules.id, page.cursor)))
    .orderBy(desc(schedules.createdAt), desc(schedules.id))
    .limit(page.limit + 1);
  return pageOf(rows, page.limit, (row) => [String(row.createdAt), row.id], toSchedule);
}

export async function loadSchedule(ctx: ServiceContext, id: string): Promise<ScheduleRow> {
  const row = isId("sch", id) ? await findSchedule(ctx, id) : null;
  if (row === null) throw notFound("schedule");
  return row;
}

export async function findSchedule(ctx: ServiceContext, id: string): Promise<ScheduleRow | null> {
  const [row] = await ctx.db.select().from(schedules).where(isSchedule(ctx, id)).limit(1);
  return row ?? null;
}

export function isSchedule(ctx: ServiceContext, id: string) {
  return and(eq(schedules.tenantId, ctx.tenant.id), eq(schedules.id, id));
}
