import { eq, inArray, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { OperatorTenant } from "../../domain/limits/operator-tenant.ts";
import { DEFAULT_PLAN } from "../../domain/tenants/plan.ts";
import type { Tenant } from "../../domain/tenants/tenant.ts";
import type { PlatformContext } from "../context.ts";
import { listTenants } from "../tenants/list-tenants.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { standings } from "./table.ts";

/** All tenants with how they stand, newest first. */
export async function listOperatorTenants(platform: PlatformContext, page: PageRequest): Promise<Page<OperatorTenant>> {
  const { data, nextCursor } = await listTenants(platform, page);
  const ids = JSON.stringify(data.map(({ id }) => id));
  const rows = await platform.db
    .select()
    .from(standings)
    .where(inArray(standings.tenantId, sql`(select value from json_each(${ids}))`));
  const byTenant = new Map(rows.map((row) => [row.tenantId, row]));
  return { data: data.map((tenant) => toOperatorTenant(tenant, byTenant.get(tenant.id))), nextCursor };
}

export async function loadOperatorTenant(platform: PlatformContext, tenantId: string): Promise<OperatorTenant> {
  const tenant = await loadTenant(platform, tenantId);
  const [row] = await platform.db.select().from(standings).where(eq(standings.tenantId, tenantId)).limit(1);
  return toOperatorTenant(tenant, row);
}

function toOperatorTenant(tenant: Tenant, row: typeof standings.$inferSelect | undefined): OperatorTenant {
  const suspendedAt = row?.suspendedAt ?? null;
  return {
    id: tenant.id,
    name: tenant.name,
    plan: row?.plan ?? DEFAULT_PLAN,
    suspendedAt: suspendedAt === null ? null : isoTime(suspendedAt),
    suspendedReason: row?.suspendedReason ?? null,
    createdAt: tenant.createdAt,
  };
}
