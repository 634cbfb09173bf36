import type { Plan } from "../tenants/plan.ts";
import type { CapacityName, QuotaName, RateName } from "./limit.ts";
import { CAPACITY_NAMES, QUOTA_NAMES, RATE_NAMES } from "./limit.ts";
import type { RateLimit } from "./token-bucket.ts";

export interface Quota {
  limit: number;
  /** Whether what exceeds it is refused; otherwise it is only noted, and billed. */
  isHard: boolean;
}

type Sourced<T> = T & { source: "plan" | "operator" };

/** Every limit that holds for a tenant. */
export interface Policy {
  rates: Record<RateName, Sourced<RateLimit>>;
  quotas: Record<QuotaName, Sourced<Quota>>;
  /** A stop on every plan. */
  capacities: Record<CapacityName, Sourced<{ limit: number }>>;
}

/** One limit that an operator set apart from the plan. */
export interface LimitOverride {
  name: string;
  limit: number;
  windowSeconds: number | null;
  expiresAt: number | null;
}

const WINDOW_SECONDS = 60;

// Requests a minute on the free plan: what a console, a few integrations and a load test of a trial need together.
const FREE: Record<RateName, number> = {
  requests: 6_000,
  "requests-per-principal": 6_000,
  reads: 6_000,
  writes: 3_000,
  "run-starts": 3_000,
  "model-calls": 1_200,
  account: 300,
  billing: 60,
};

const SHARE: Record<Plan, number> = { free: 1, pro: 10, enterprise: 100 };
/** What a person does by hand does not grow with the plan's load. */
const BY_HAND: readonly RateName[] = ["billing"];

const QUOTAS: Record<Plan, Record<QuotaName, number>> = {
  free: { runs: 100_000, documents: 10_000, "llm-tokens": 10_000_000 },
  pro: { runs: 2_000_000, documents: 200_000, "llm-tokens": 500_000_000 },
  enterprise: { runs: 50_000_000, documents: 5_000_000, "llm-tokens": 20_000_000_000 },
};

// A team that tries it out, a company, a group of companies: an invitation is a mail that the platform sends for somebody.
const CAPACITIES: Record<Plan, Record<CapacityName, number>> = {
  free: { members: 100 },
  pro: { members: 2_000 },
  enterprise: { members: 100_000 },
};

/** The plan's limits, with those that an operator set and that have not expired. */
export function policyOf(plan: Plan, overrides: readonly LimitOverride[], now: number): Policy {
  const held = new Map(
    overrides.filter((one) => one.expiresAt === null || one.expiresAt > now).map((one) => [one.name, one]),
  );
  return {
    rates: record(RATE_NAMES, (name) => {
      const own = held.get(name);
      if (own === undefined) return { ...planRate(plan, name), source: "plan" };
      return { limit: own.limit, windowSeconds: own.windowSeconds ?? WINDOW_SECONDS, source: "operator" };
    }),
    quotas: record(QUOTA_NAMES, (name) => {
      const own = held.get(name);
      // Whoever pays by use may go on beyond the plan's amount; what an operator sets is a stop.
      if (own === undefined) return { limit: QUOTAS[plan][name], isHard: plan === "free", source: "plan" };
      return { limit: own.limit, isHard: true, source: "operator" };
    }),
    capacities: record(CAPACITY_NAMES, (name) => {
      const own = held.get(name);
      if (own === undefined) return { limit: CAPACITIES[plan][name], source: "plan" };
      return { limit: own.limit, source: "operator" };
    }),
  };
}

function planRate(plan: Plan, name: RateName): RateLimit {
  return { limit: FREE[name] * (BY_HAND.includes(name) ? 1 : SHARE[plan]), windowSeconds: WINDOW_SECONDS };
}

/** Complete, because `names` are all the names there are. */
function record<K extends string, V>(names: readonly K[], of: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<K, V>;
}
