import { and, eq, isNull, sql } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Tenant, TenantPatch } from "../../domain/tenants/tenant.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { loadTenant } from "./load-tenant.ts";
import { tenants } from "./table.ts";

/** Changes name and settings. Settings are merged by the database, so that two editors of different members both win. */
export async function updateTenant(ctx: ServiceContext, patch: TenantPatch): Promise<Tenant> {
  requirePermission(ctx, "settings:write");
  const change = ctx.db
    .update(tenants)
    .set({
      ...(patch.name !== undefined && { name: patch.name }),
      ...(patch.settings && { settings: sql`json_patch(${tenants.settings}, ${JSON.stringify(patch.settings)})` }),
      updatedAt: ctx.clock.now(),
    })
    .where(and(eq(tenants.id, ctx.tenant.id), isNull(tenants.deletedAt)));
  await commit(ctx, {
    change,
    audit: { action: "tenant.updated", target: { type: "tenant", id: ctx.tenant.id }, details: { after: patch } },
    conflict: () => notFound("tenant"),
  });
  return loadTenant(ctx, ctx.tenant.id);
}
