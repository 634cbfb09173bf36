import { problem } from "../../domain/kernel/problem.ts";
import { budgetMonth, ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import type { Grant, WantedBudget } from "../../domain/llm/budget-book.ts";
import { affordableTokens, type CostEstimate, costEstimate } from "../../domain/llm/budget-estimate.ts";
import {
  type BudgetLease,
  endCall,
  expectedUsdMicros,
  type Lessee,
  learnCost,
  openLease,
  settlementsDue,
  spareWanted,
  takeBack,
  takeFrom,
} from "../../domain/llm/budget-lease.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { ServiceContext } from "../context.ts";
import { GATHER_MS, gathered } from "../gather.ts";
import { lesseeOf } from "./budget-lessees.ts";
import { gatewayPolicy } from "./gateway-policy.ts";
import type { Route } from "./load-route.ts";
import { priceOf } from "./target-price.ts";

// Money that is set aside for one call, and what became of it.
//   H1  a call whose models cost nothing, or which no budget bounds, asks nobody; nor does one that the isolate's lease pays for.
//   H2  a hold is settled once, when the call is over, by the cost of all its attempts.

export type HoldBounds = Pick<ChatCompletionRequest, "n" | "max_tokens" | "max_completion_tokens">;

export interface BudgetHold {
  /** How long the answer may be, when the budget pays for less than the request would take. */
  maxTokens: number | null;
  spend(usdMicros: number): void;
  end(): void;
}

interface Held {
  lease: BudgetLease;
  usdMicros: number;
}

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
  const lessee = lesseeOf(ctx);
  const worstUsdMicros = expectedUsdMicros(lessee, estimate.worstUsdMicros);
  const expected = { ...estimate, worstUsdMicros };
  const { lease, usdMicros } = held(ctx, lessee, budgets, expected) ?? (await ask(ctx, lessee, budgets, expected));
  const isLess = usdMicros < worstUsdMicros;
  let costUsdMicros = 0;
  return {
    maxTokens: isLess ? affordableTokens(prices, tokens, bounds, usdMicros) : null,
    spend(more) {
      costUsdMicros += more;
    },
    end() {
      endCall(lease, usdMicros, costUsdMicros);
      learnCost(lessee, estimate.worstUsdMicros, costUsdMicros);
      // Where the money is scarce, others wait for what is left of it.
      if (isLess) ctx.later(tell(ctx, lessee, true));
      else if (ctx.clock.now() >= lessee.watchedAt + GATHER_MS) ctx.later(watch(ctx, lessee));
    },
  };
}

function held(
  { clock }: ServiceContext,
  lessee: Lessee,
  budgets: readonly WantedBudget[],
  { worstUsdMicros: usdMicros }: CostEstimate,
): Held | null {
  const lease = takeFrom(lessee, budgets, usdMicros, clock.now());
  return lease === null ? null : { lease, usdMicros };
}

async function ask(
  ctx: ServiceContext,
  lessee: Lessee,
  budgets: readonly WantedBudget[],
  estimate: CostEstimate,
): Promise<Held> {
  const asked = { id: ctx.ids.next("cmpl"), budgets, startedAt: ctx.clock.now() };
  const spareUsdMicros = spareWanted(lessee, estimate.worstUsdMicros);
  const grant = await ctx.ports.spendLedgers
    .of(ctx.tenant.id)
    .reserve({ id: asked.id, budgets, ...estimate, spareUsdMicros });
  if (!grant.allowed) throw refusal(grant, asked.startedAt);
  const lease = openLease(lessee, asked, grant, budgetMonth(asked.startedAt).end);
  return { lease, usdMicros: grant.usdMicros };
}

/** Tells what calls cost, for all that end within the time to gather, until nobody calls any more or a later call watches. */
async function watch(ctx: ServiceContext, lessee: Lessee): Promise<void> {
  const watchedAt = ctx.clock.now();
  lessee.watchedAt = watchedAt;
  for (let isQuiet = false; !isQuiet && lessee.watchedAt === watchedAt; ) {
    const { taken } = lessee;
    await gathered(ctx, GATHER_MS);
    isQuiet = lessee.taken === taken;
    await tell(ctx, lessee, isQuiet);
  }
}

async function tell(ctx: ServiceContext, lessee: Lessee, isQuiet: boolean): Promise<void> {
  const { leases } = lessee;
  const settlements = settlementsDue(lessee, isQuiet, ctx.clock.now());
  if (settlements.length === 0) return;
  try {
    await ctx.ports.spendLedgers.of(ctx.tenant.id).settle(...settlements);
  } catch (error) {
    takeBack(lessee, leases, settlements);
    throw error;
  }
}

async function budgetsOf(ctx: ServiceContext, route: Route): Promise<WantedBudget[]> {
  const { budgets, budgetsOfKeys } = await gatewayPolicy(ctx);
  const names = ["tenant", ...(ctx.actor.kind === "api-key" ? (budgetsOfKeys.get(ctx.actor.keyId) ?? []) : [])];
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
