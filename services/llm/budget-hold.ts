import { problem } from "../../domain/kernel/problem.ts";
import { budgetMonth, KEY_BUDGET, ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import type { Grant, Settlement, WantedBudget } from "../../domain/llm/budget-book.ts";
import { affordableTokens, costEstimate } from "../../domain/llm/budget-estimate.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { ServiceContext } from "../context.ts";
import { gathering } from "../gather.ts";
import { gatewayPolicy } from "./gateway-policy.ts";
import type { Route } from "./load-route.ts";
import { priceOf } from "./target-price.ts";

// Money that is set aside for one call, and what became of it.
//   H1  a call whose models cost nothing, or which no budget bounds, asks nobody.
//   H2  a hold is settled once, when the call is over, by the cost of all its attempts.

export type HoldBounds = Pick<ChatCompletionRequest, "n" | "max_tokens" | "max_completion_tokens">;

export interface BudgetHold {
  /** How long the answer may be, when the budget pays for less than the request would take. */
  maxTokens: number | null;
  spend(usdMicros: number): void;
  end(): void;
}

/** As the bill: calls that end within this time are one question to the ledger. */
const GATHER_MS = 20;

const tellLedger = gathering<{ tenantId: string; settlement: Settlement }>(
  GATHER_MS,
  ({ tenantId }) => tenantId,
  async ({ ports }, told) => {
    const [first] = told;
    if (first !== undefined)
      await ports.spendLedgers.of(first.tenantId).settle(...told.map(({ settlement }) => settlement));
  },
);

const NOTHING_HELD: BudgetHold = { maxTokens: null, spend: () => {}, end: () => {} };

/** Sets aside what a call may cost, or refuses it: `quota-exceeded`. */
export async function holdBudgets(
  ctx: ServiceContext,
  route: Route,
  promptTokens: () => number,
  bounds: HoldBounds = {},
): Promise<BudgetHold> {
  const budgets = await budgetsOf(ctx, route);
  if (budgets.length === 0) return NOTHING_HELD;
  const prices = route.targets.map(priceOf);
  // Each target that is asked beside another reads the prompt, too.
  const tokens = promptTokens() * (1 + (route.hedge?.max ?? 0));
  const estimate = costEstimate(prices, tokens, bounds);
  if (estimate.worstUsdMicros === 0) return NOTHING_HELD;
  const id = ctx.ids.next("cmpl");
  const startedAt = ctx.clock.now();
  const grant = await ctx.ports.spendLedgers.of(ctx.tenant.id).reserve({ id, budgets, ...estimate });
  if (!grant.allowed) throw refusal(grant, startedAt);
  let costUsdMicros = 0;
  const isLess = grant.usdMicros < estimate.worstUsdMicros;
  return {
    maxTokens: isLess ? affordableTokens(prices, tokens, bounds, grant.usdMicros) : null,
    spend(usdMicros) {
      costUsdMicros += usdMicros;
    },
    end() {
      const settlement = { id, budgets, costUsdMicros, startedAt };
      ctx.later(tellLedger(ctx, { tenantId: ctx.tenant.id, settlement }));
    },
  };
}

async function budgetsOf(ctx: ServiceContext, route: Route): Promise<WantedBudget[]> {
  const { budgets } = await gatewayPolicy(ctx);
  const names = ["tenant", ...(ctx.actor.kind === "api-key" ? [`${KEY_BUDGET}${ctx.actor.keyId}`] : [])];
  const wanted = names.flatMap((name) => {
    const usdMicrosPerMonth = budgets.get(name);
    return usdMicrosPerMonth === undefined ? [] : [{ name, usdMicrosPerMonth }];
  });
  if (route.budget !== null) wanted.push({ name: `${ROUTE_BUDGET}${route.name}`, ...route.budget });
  return wanted;
}

function refusal({ budget, spentUsdMicros }: Extract<Grant, { allowed: false }>, now: number) {
  const { end } = budgetMonth(now);
  return problem("quota-exceeded", {
    detail: `The budget ${budget.name} of this month does not pay for the call.`,
    retryAfterSeconds: Math.ceil((end - now) / 1_000),
    members: { budget: budget.name, usdMicrosPerMonth: budget.usdMicrosPerMonth, spentUsdMicros },
  });
}
