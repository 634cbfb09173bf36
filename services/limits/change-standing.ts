import type { OperatorTenant } from "../../domain/limits/operator-tenant.ts";
import { DEFAULT_PLAN } from "../../domain/tenants/plan.ts";
import { type AuditNote, commit, type Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { forgetPrincipals } from "../identity/principals.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { forgetLease } from "./leases.ts";
import { loadOperatorTenant } from "./operator-tenants.ts";
import { standings } from "./table.ts";

/** Changes how a tenant stands, as the operator: audited in the tenant's own log, in force here at once and everywhere in 3 s. */
export async function changeStanding(
  platform: PlatformContext,
  tenantId: string,
  change: Partial<Omit<typeof standings.$inferInsert, "tenantId">>,
  audit: AuditNote,
): Promise<OperatorTenant> {
  await loadTenant(platform, tenantId);
  const set = { ...change, updatedAt: platform.clock.now() };
  const upsert = platform.db
    .insert(standings)
    .values({ tenantId, plan: DEFAULT_PLAN, ...set })
    .onConflictDoUpdate({ target: standings.tenantId, set });
  await commitAsOperator(platform, tenantId, upsert, audit);
  return loadOperatorTenant(platform, tenantId);
}

export async function commitAsOperator(
  platform: PlatformContext,
  tenantId: string,
  change: Statement | Statement[],
  audit: AuditNote,
  also: Statement[] = [],
): Promise<void> {
  const target = { type: "tenant", id: tenantId };
  const ctx = { ...platform, tenant: { id: tenantId }, actor: { kind: "operator" } as const };
  await commit(ctx, { change, also, audit: { target, ...audit } });
  forgetPrincipals((principal) => principal.tenantId === tenantId);
  forgetLease(tenantId);
}
