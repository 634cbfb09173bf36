import type { NewTenant, Tenant } from "../../domain/tenants/tenant.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { accountHolder } from "./account-holder.ts";
import { memberships } from "./table.ts";

/** A further tenant, owned by the caller. Working in it takes a session there: `switchTenant`. */
export async function createTenant(ctx: ServiceContext, input: NewTenant): Promise<Tenant> {
  const actor = await accountHolder(ctx);
  const { tenant, statement } = newTenant(ctx, input.name);
  const row = { tenantId: tenant.id, userId: actor.userId, role: "owner" as const, joinedAt: ctx.clock.now() };
  await commit(
    { ...ctx, tenant: { id: tenant.id } },
    {
      change: [statement, ctx.db.insert(memberships).values(row)],
      audit: { action: "tenant.created", target: { type: "tenant", id: tenant.id }, details: { name: tenant.name } },
    },
  );
  return tenant;
}
