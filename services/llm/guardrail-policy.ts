import { eq } from "drizzle-orm";
import type { GuardrailPolicy } from "../../domain/llm/guardrail.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { guardrailPolicies } from "./table.ts";

export async function getGuardrailPolicy(ctx: ServiceContext): Promise<GuardrailPolicy> {
  requirePermission(ctx, "llm:read");
  const [row] = await ctx.db
    .select()
    .from(guardrailPolicies)
    .where(eq(guardrailPolicies.tenantId, ctx.tenant.id))
    .limit(1);
  return { guardrails: row?.guardrails ?? [] };
}

/** Replaces the guardrails of every call of the tenant. */
export async function putGuardrailPolicy(
  ctx: ServiceContext,
  { guardrails }: GuardrailPolicy,
): Promise<GuardrailPolicy> {
  requirePermission(ctx, "settings:write");
  const row = { tenantId: ctx.tenant.id, guardrails, updatedAt: ctx.clock.now() };
  await commit(ctx, {
    change: ctx.db
      .insert(guardrailPolicies)
      .values(row)
      .onConflictDoUpdate({ target: guardrailPolicies.tenantId, set: { guardrails, updatedAt: row.updatedAt } }),
    audit: { action: "guardrails.set", target: { type: "tenant", id: ctx.tenant.id }, details: { guardrails } },
  });
  forgetGatewayPolicy(ctx);
  return { guardrails };
}
