import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Budget, BudgetState } from "../../domain/llm/budget.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { budgetStates } from "./list-budgets.ts";
import { budgets } from "./table.ts";

/** Bounds what calls may cost in a month: all of the tenant, or those of one API key. */
export async function putBudget(
  ctx: ServiceContext,
  name: string,
  { usdMicrosPerMonth }: Budget,
): Promise<BudgetState> {
  requirePermission(ctx, "settings:write");
  const now = ctx.clock.now();
  await commit(ctx, {
    change: ctx.db
      .insert(budgets)
      .values({ tenantId: ctx.tenant.id, name, usdMicrosPerMonth, createdAt: now, updatedAt: now })
      .onConflictDoUpdate({ target: [budgets.tenantId, budgets.name], set: { usdMicrosPerMonth, updatedAt: now } }),
    audit: { action: "budget.set", target: { type: "budget", id: name }, details: { usdMicrosPerMonth } },
  });
  forgetGatewayPolicy(ctx);
  const [state] = await budgetStates(ctx, [{ name, usdMicrosPerMonth }]);
  if (state === undefined) throw notFound("budget");
  return state;
}

export async function deleteBudget(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  await commit(ctx, {
    change: ctx.db.delete(budgets).where(and(eq(budgets.tenantId, ctx.tenant.id), eq(budgets.name, name))),
    audit: { action: "budget.removed", target: { type: "budget", id: name } },
    conflict: () => notFound("budget"),
  });
  forgetGatewayPolicy(ctx);
}
