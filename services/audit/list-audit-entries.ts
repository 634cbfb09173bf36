import { and, desc, eq, gte, lt } from "drizzle-orm";
import type { AuditEntry, AuditQuery } from "../../domain/audit/entry.ts";
import { type Page, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { opened } from "../personal.ts";
import { auditEntries } from "./table.ts";

/** The tenant's audit log, newest first. */
export async function listAuditEntries(ctx: ServiceContext, query: AuditQuery): Promise<Page<AuditEntry>> {
  requirePermission(ctx, "audit:read");
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
