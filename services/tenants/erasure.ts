import { and, eq, isNotNull, isNull, lte, sql } from "drizzle-orm";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { tenants } from "./table.ts";

/** Longer than any request, leased task or remembered credential goes on, so that nobody writes behind the erasure. */
const SETTLED_AFTER_MS = 10 * MINUTE_MS;

/** Deleted tenants that may not come back any more and of which something may be left, the oldest first. */
export async function tenantsToErase(platform: PlatformContext, limit: number): Promise<string[]> {
  const rows = await platform.db
    .select({ id: tenants.id })
    .from(tenants)
    .where(
      and(
        isNotNull(tenants.deletedAt),
        lte(tenants.deletedAt, platform.clock.now() - Math.max(SETTLED_AFTER_MS, platform.settings.erasureAfterMs)),
        isNull(tenants.erasedAt),
      ),
    )
    .orderBy(tenants.deletedAt)
    .limit(limit);
  return rows.map(({ id }) => id);
}

export async function isDeleted(platform: PlatformContext, tenantId: string): Promise<boolean> {
  const rows = await platform.db
    .select({ id: tenants.id })
    .from(tenants)
    .where(and(eq(tenants.id, tenantId), isNotNull(tenants.deletedAt)))
    .limit(1);
  return rows.length > 0;
}

/** Leaves of the tenant's row what the audit log needs: how long its entries are kept. */
export function blankTenant(platform: PlatformContext, tenantId: string): Statement {
  const retention = sql`json_extract(${tenants.settings}, '$.auditRetentionDays')`;
  return platform.db
    .update(tenants)
    .set({
      name: "",
      settings: sql`case when ${retention} is null then '{}' else json_object('auditRetentionDays', ${retention}) end`,
      erasedAt: platform.clock.now(),
    })
    .where(and(eq(tenants.id, tenantId), isNotNull(tenants.deletedAt)));
}
