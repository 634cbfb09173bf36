import { and, desc, eq } from "drizzle-orm";
import { isId } from "../../domain/kernel/id.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Trigger } from "../../domain/workflows/event-trigger.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { triggers } from "./table.ts";

export type TriggerRow = typeof triggers.$inferSelect;

export function toTrigger({ tenantId: _, lastAt, createdAt, updatedAt, ...row }: TriggerRow): Trigger {
  return {
    ...row,
    lastAt: lastAt === null ? null : isoTime(lastAt),
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
  };
}

export async function getTrigger(ctx: ServiceContext, id: string): Promise<Trigger> {
  requirePermission(ctx, "runs:read");
  return toTrigger(await loadTrigger(ctx, id));
}

/** Triggers, newest first. */
export async function listTriggers(ctx: ServiceContext, page: PageRequest): Promise<Page<Trigger>> {
  requirePermission(ctx, "runs:read");
  const rows = await ctx.db
    .select()
    .from(triggers)
    .where(and(eq(triggers.tenantId, ctx.tenant.id), olderThan(triggers.createdAt, triggers.id, page.cursor)))
    .orderBy(desc(triggers.createdAt), desc(triggers.id))
    .limit(page.limit + 1);
  return pageOf(rows, page.limit, (row) => [String(row.createdAt), row.id], toTrigger);
}

export async function loadTrigger(ctx: ServiceContext, id: string): Promise<TriggerRow> {
  const row = isId("trg", id) ? await findTrigger(ctx, id) : null;
  if (row === null) throw notFound("trigger");
  return row;
}

export async function findTrigger(ctx: ServiceContext, id: string): Promise<TriggerRow | null> {
  const [row] = await ctx.db.select().from(triggers).where(isTrigger(ctx, id)).limit(1);
  return row ?? null;
}

export function isTrigger(ctx: ServiceContext, id: string) {
  return and(eq(triggers.tenantId, ctx.tenant.id), eq(triggers.id, id));
}
