import { and, asc, eq, isNotNull } from "drizzle-orm";
import { isoTime } from "../../domain/kernel/time.ts";
import { type BudgetState, budgetMonth, ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import type { WantedBudget } from "../../domain/llm/budget-book.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { budgets, modelRoutes } from "./table.ts";

/** Far more than a tenant has; each is read from the bill once a month. */
const MAX_BUDGETS = 500;

/** Every budget of the tenant, and what of it is spent. */
export async function listBudgets(ctx: ServiceContext): Promise<BudgetState[]> {
  requirePermission(ctx, "usage:read");
  const { db, tenant } = ctx;
  const [own, routes] = await db.batch([
    db.select().from(budgets).where(eq(budgets.tenantId, tenant.id)).orderBy(asc(budgets.name)).limit(MAX_BUDGETS),
    db
      .select({ name: modelRoutes.name, budget: modelRoutes.budget })
      .from(modelRoutes)
      .where(and(eq(modelRoutes.tenantId, tenant.id), isNotNull(modelRoutes.budget)))
      .orderBy(asc(modelRoutes.name))
      .limit(MAX_BUDGETS),
  ]);
  const ofRoutes = routes.flatMap(({ name, budget }) =>
    budget === null ? [] : [{ name: `${ROUTE_BUDGET}${name}`, ...budget }],
  );
  return budgetStates(ctx, [...own.map(({ name, usdMicrosPerMonth }) => ({ name, usdMicrosPerMonth })), ...ofRoutes]);
}

export async function budgetStates(ctx: ServiceContext, wanted: readonly WantedBudget[]): Promise<BudgetState[]> {
  if (wanted.length === 0) return [];
  const resetsAt = isoTime(budgetMonth(ctx.clock.now()).end);
  const spending = await ctx.ports.spendLedgers.of(ctx.tenant.id).spending(wanted);
  return wanted.map((budget, at) => {
    const { spentUsdMicros, heldUsdMicros } = spending[at] ?? { spentUsdMicros: 0, heldUsdMicros: 0 };
    const remainingUsdMicros = Math.max(0, budget.usdMicrosPerMonth - spentUsdMicros - heldUsdMicros);
    return { ...budget, spentUsdMicros, heldUsdMicros, remainingUsdMicros, resetsAt };
  });
}
