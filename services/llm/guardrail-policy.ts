import { eq } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { GuardrailPolicy } from "../../domain/llm/guardrail.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { changeTime, ifStillAsRead, lost, requireMatch } from "../preconditions.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { guardrailPolicies } from "./table.ts";
import { requireUsableGuardrails } from "./usable-guardrails.ts";

export async function getGuardrailPolicy(ctx: ServiceContext): Promise<GuardrailPolicy> {
  requirePermission(ctx, "llm:read");
  return toPolicy(await findPolicy(ctx));
}

/** Replaces the guardrails of every call of the tenant. */
export async function putGuardrailPolicy(
  ctx: ServiceContext,
  { guardrails }: GuardrailPolicy,
): Promise<GuardrailPolicy> {
  requirePermission(ctx, "settings:write");
  await requireUsableGuardrails(ctx, guardrails);
  const before = await findPolicy(ctx);
  requireMatch(ctx, toPolicy(before));
  const changes = { guardrails, updatedAt: changeTime(ctx, before) };
  await commit(ctx, {
    change: ctx.db
      .insert(guardrailPolicies)
      .values({ tenantId: ctx.tenant.id, ...changes })
      .onConflictDoUpdate({
        target: guardrailPolicies.tenantId,
        set: changes,
        setWhere: ifStillAsRead(ctx, guardrailPolicies.updatedAt, before),
      }),
    audit: { action: "guardrails.set", target: { type: "tenant", id: ctx.tenant.id }, details: { guardrails } },
    conflict: lost(ctx, () => problem("conflict")),
  });
  forgetGatewayPolicy(ctx);
  return { guardrails };
}

type PolicyRow = typeof guardrailPolicies.$inferSelect;

async function findPolicy({ db, tenant }: ServiceContext): Promise<PolicyRow | null> {
  const [row] = await db.select().from(guardrailPolicies).where(eq(guardrailPolicies.tenantId, tenant.id)).limit(1);
  return row ?? null;
}

function toPolicy(row: PolicyRow | null): GuardrailPolicy {
  return { guardrails: row?.guardrails ?? [] };
}
