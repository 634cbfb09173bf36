import { and, asc, eq, sql } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { opened } from "../personal.ts";
import { type ExportedRow, type Key, type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { toAuditEntry } from "./list-audit-entries.ts";
import { auditEntries, auditUnsealed } from "./table.ts";

/** Kept when a tenant is erased, until its retention drops them: who did what must stay provable. */
export const AUDIT_ROWS: readonly TenantRows[] = [
  { ...tenantRows(auditEntries, { isKept: true }), page: pageOfEntries },
  tenantRows(auditUnsealed, { isKept: true }),
];

/** As the audit log answers them, since what is sealed is of use to nobody. */
async function pageOfEntries(ctx: ServiceContext, after: Key | null, limit: number): Promise<ExportedRow[]> {
  const follows =
    after === null ? undefined : sql`(${auditEntries.at}, ${auditEntries.id}) > (${after[0]}, ${after[1]})`;
  const rows = await ctx.db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.tenantId, ctx.tenant.id), follows))
    .orderBy(asc(auditEntries.at), asc(auditEntries.id))
    .limit(limit);
  return (await opened(ctx, rows)).map((row) => ({ key: [row.at, row.id], value: toAuditEntry(row) }));
}
