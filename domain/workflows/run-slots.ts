import type { Json } from "../kernel/json.ts";
import type { Plan } from "../tenants/plan.ts";

// How many runs of a tenant may go at once. Children that their parent waits for ride on its slot (two that wait for each
// other's slot would wait for ever), and EXPRESS runs need none: they are short, and starts are limited by rate.

const PLAN_LIMITS: Record<Plan, number> = { free: 1_000, pro: 10_000, enterprise: 100_000 };
export const SLOTS_SETTING = "maxConcurrentRuns";

/** The plan's limit, or a lower one that the tenant has set itself. */
export function slotLimit(plan: Plan, settings: Readonly<Record<string, Json>>): number {
  const own = settings[SLOTS_SETTING];
  const most = PLAN_LIMITS[plan];
  return typeof own === "number" && Number.isInteger(own) && own >= 1 ? Math.min(own, most) : most;
}

const MAX_PERMITS = 64;

/**
 * Starts that may be promised ahead while `used` of `limit` slots are taken: some while far below the limit, none where every
 * slot counts.
 */
export function permitsAhead(limit: number, used: number): number {
  const free = limit - used;
  return free < limit / 4 ? 0 : Math.min(MAX_PERMITS, Math.floor(free / 8));
}
