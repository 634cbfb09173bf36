import { and, asc, eq, inArray, sql } from "drizzle-orm";
import { entryText } from "../../domain/audit/chain.ts";
import type { ServiceContext } from "../context.ts";
import { auditEntries, auditUnsealed } from "./table.ts";

const BATCH = 500;

/**
 * Seals the tenant's waiting entries into its chain, oldest first. An entry whose code is wrong was not written by the platform:
 * it is never sealed, and the verification names it.
 */
export async function sealAuditEntries(ctx: ServiceContext): Promise<void> {
  const { auditLogs, auditWitness } = ctx.ports;
  for (;;) {
    const rows = await ctx.db
      .select({ entry: auditEntries })
      .from(auditUnsealed)
      .innerJoin(auditEntries, eq(auditEntries.id, auditUnsealed.entryId))
      .where(and(eq(auditUnsealed.tenantId, ctx.tenant.id), eq(auditEntries.tenantId, ctx.tenant.id)))
      .orderBy(asc(auditUnsealed.entryId))
      .limit(BATCH);
    if (rows.length === 0) return;
    const waiting = rows.map(({ entry }) => ({ ...entry, text: entryText(entry) }));
    const proven = waiting.filter(({ text, proof }) => auditWitness.isProven(text, proof));
    if (proven.length < waiting.length) {
      ctx.log.warn("audit.unproven", { tenantId: ctx.tenant.id, entries: waiting.length - proven.length });
    }
    if (proven.length > 0) {
      await auditLogs.of(ctx.tenant.id).append(proven.map(({ id, at, text }) => ({ id, at, text })));
    }
    await ctx.db
      .delete(auditUnsealed)
      .where(
        and(
          eq(auditUnsealed.tenantId, ctx.tenant.id),
          inArray(auditUnsealed.entryId, idsIn(waiting.map(({ id }) => id))),
        ),
      );
    if (rows.length < BATCH) return;
  }
}

/** Any number of ids as one bound parameter. */
export function idsIn(ids: readonly string[]) {
  return sql`(select value from json_each(${JSON.stringify(ids)}))`;
}
