import { and, desc, eq, gte, lt } from "drizzle-orm";
import type { AuditEntry, AuditQuery } from "../../domain/audit/entry.ts";
import { actorReference } from "../../domain/kernel/actor.ts";
import { type Page, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { opened } from "../personal.ts";
import { auditEntries } from "./table.ts";
import { isToldLately } from "./told-lately.ts";

/**
 * The tenant's audit log, newest first. That it was read is recorded: by whom and with which filter, at the first page of a
 * listing, after it was read, and once in ten minutes an isolate, so that looking at the log does not fill it.
 */
export async function listAuditEntries(ctx: ServiceContext, query: AuditQuery): Promise<Page<AuditEntry>> {
  requirePermission(ctx, "audit:read");
  const page = await findAuditEntries(ctx, query);
  if (query.cursor !== undefined) return page;
  const filter = filterOf(query);
  const { type, id } = actorReference(ctx.actor);
  if (!isToldLately(`read ${ctx.tenant.id} ${type} ${id} ${JSON.stringify(filter)}`, ctx.clock.now())) {
    await commit(ctx, { change: [], audit: { action: "audit-log.read", details: { filter } } });
  }
  return page;
}

/** What of the query narrows it. */
export function filterOf({ action, actor, target, from, to }: AuditQuery) {
  return { action, actor, target, from, to };
}

export async function findAuditEntries(ctx: ServiceContext, query: AuditQuery): Promise<Page<AuditEntry>> {
  const { action, actor, target, from, to, limit, cursor } = query;
  const rows = await ctx.db
    .select()
    .from(auditEntries)
    .where(
      and(
        eq(auditEntries.tenantId, ctx.tenant.id),
        action === undefined ? undefined : eq(auditEntries.action, action),
        actor === undefined ? undefined : eq(auditEntries.actorId, actor),
        target === undefined ? undefined : eq(auditEntries.targetId, target),
        from === undefined ? undefined : gte(auditEntries.at, Date.parse(from)),
        to === undefined ? undefined : lt(auditEntries.at, Date.parse(to)),
        olderThan(auditEntries.at, auditEntries.id, cursor),
      ),
    )
    .orderBy(desc(auditEntries.at), desc(auditEntries.id))
    .limit(limit + 1);
  return pageOf(await opened(ctx, rows), limit, (row) => [String(row.at), row.id], toAuditEntry);
}

/** Of a row whose sealed part was opened. */
export function toAuditEntry(row: typeof auditEntries.$inferSelect): AuditEntry {
  return {
    id: row.id,
    at: isoTime(row.at),
    action: row.action,
    actor: { type: row.actorType, id: row.actorId },
    target: row.targetType === null || row.targetId === null ? null : { type: row.targetType, id: row.targetId },
    ip: row.ip,
    userAgent: row.userAgent,
    requestId: row.requestId,
    details: row.details,
  };
}
