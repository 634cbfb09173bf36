import { and, eq, isNull, sql } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Tenant, TenantPatch } from "../../domain/tenants/tenant.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { loadTenant } from "./load-tenant.ts";
import { tenants } from "./table.ts";

/** Changes name and settings. Settings are merged by the database, so that two editors of different members both win. */
export async function updateTenant(ctx: ServiceContext, patch: TenantPatch): Promise<Tenant> {
  requirePermission(ctx, "settings:write");
  const before = await loadTenant(ctx, ctx.tenant.id);
  requireMatch(ctx, before);
  const isAsRead = ifStill(ctx, eq(tenants.updatedAt, Date.parse(before.updatedAt)));
  const change = ctx.db
    .update(tenants)
    .set({
      ...(patch.name !== undefined && { name: patch.name }),
      ...(patch.settings && { settings: sql`json_patch(${tenants.settings}, ${JSON.stringify(patch.settings)})` }),
      updatedAt: sql`max(${ctx.clock.now()}, ${tenants.updatedAt} + 1)`,
    })
    .where(and(eq(tenants.id, ctx.tenant.id), isNull(tenants.deletedAt), isAsRead));
  await commit(ctx, {
    change,
    audit: { action: "tenant.updated", target: { type: "tenant", id: ctx.tenant.id }, details: { after: patch } },
    conflict: lost(ctx, () => notFound("tenant")),
  });
  return loadTenant(ctx, ctx.tenant.id);
}
