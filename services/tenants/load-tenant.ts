import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Tenant } from "../../domain/tenants/tenant.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { tenants, toTenant } from "./table.ts";

/** The tenant that the actor works in. */
export async function loadCurrentTenant(ctx: ServiceContext): Promise<Tenant> {
  requirePermission(ctx, "settings:read");
  return loadTenant(ctx, ctx.tenant.id);
}

/** For callers that have established that the tenant may be shown: sign-in, a membership. */
export async function loadTenant(platform: PlatformContext, id: string): Promise<Tenant> {
  const [row] = await platform.db
    .select()
    .from(tenants)
    .where(and(eq(tenants.id, id), isNull(tenants.deletedAt)))
    .limit(1);
  if (row === undefined) throw notFound("tenant");
  return toTenant(row);
}

/** The names of tenants that still exist, by id. */
export async function tenantNames(platform: PlatformContext, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await platform.db
    .select({ id: tenants.id, name: tenants.name })
    .from(tenants)
    .where(
      and(inArray(tenants.id, sql`(select value from json_each(${JSON.stringify(ids)}))`), isNull(tenants.deletedAt)),
    );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
