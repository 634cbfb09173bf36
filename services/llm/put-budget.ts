import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { type Budget, type BudgetState, KEY_BUDGET } from "../../domain/llm/budget.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findLiveKey } from "../identity/find-api-key.ts";
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
  await requireBounded(ctx, name);
  if (!(await isSet(ctx, name))) await ctx.ports.spendLedgers.of(ctx.tenant.id).forget(name);
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
    change: ctx.db.delete(budgets).where(isBudget(ctx, name)),
    audit: { action: "budget.removed", target: { type: "budget", id: name } },
    conflict: () => notFound("budget"),
  });
  forgetGatewayPolicy(ctx);
}

/** A budget for a key that is not there would bound nothing. */
async function requireBounded(ctx: ServiceContext, name: string): Promise<void> {
  if (!name.startsWith(KEY_BUDGET)) return;
  if ((await findLiveKey(ctx, name.slice(KEY_BUDGET.length))) === null) throw notFound("API key");
}

async function isSet(ctx: ServiceContext, name: string): Promise<boolean> {
  return (await ctx.db.select().from(budgets).where(isBudget(ctx, name)).limit(1)).length > 0;
}

function isBudget({ tenant }: ServiceContext, name: string) {
  return and(eq(budgets.tenantId, tenant.id), eq(budgets.name, name));
}
