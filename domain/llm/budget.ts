import * as z from "zod";

/** What a budget bounds: all of the tenant's calls, those of one API key, or those to one model route. */
export const BudgetName = z
  .string()
  .regex(/^(tenant|key:key_[0-9a-hjkmnp-tv-z]{26})$/, "must be `tenant` or `key:` with the id of an API key")
  .meta({ example: "tenant" });

/** A billion dollars: far below where a sum of micro-dollars stops being exact. */
const MAX_USD_MICROS = 1_000_000_000_000_000;

export const Budget = z
  .strictObject({ usdMicrosPerMonth: z.int().min(0).max(MAX_USD_MICROS) })
  .meta({ id: "Budget", example: { usdMicrosPerMonth: 50_000_000 } });
export type Budget = z.infer<typeof Budget>;

export const BudgetState = z
  .strictObject({
    name: z.string().describe("`tenant`, `key:<id>`, or `route:<name>`; a route's budget is set with the route."),
    usdMicrosPerMonth: z.int(),
    spentUsdMicros: z.int(),
    heldUsdMicros: z.int().describe("Reserved for calls that are not over, and lent to where calls are made."),
    remainingUsdMicros: z.int(),
    resetsAt: z.iso.datetime(),
  })
  .meta({
    id: "BudgetState",
    description: "A budget of a calendar month (UTC), and what became of it",
    example: {
      name: "tenant",
      usdMicrosPerMonth: 50_000_000,
      spentUsdMicros: 1_250,
      heldUsdMicros: 0,
      remainingUsdMicros: 49_998_750,
      resetsAt: "2026-12-01T00:00:00.000Z",
    },
  });
export type BudgetState = z.infer<typeof BudgetState>;

export const ROUTE_BUDGET = "route:";
export const KEY_BUDGET = "key:";

export interface Month {
  start: number;
  /** The first moment that no longer belongs to it. */
  end: number;
}

/** The calendar month, UTC, that a budget is counted over. */
export function budgetMonth(now: number): Month {
  const at = new Date(now);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return { start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) };
}
