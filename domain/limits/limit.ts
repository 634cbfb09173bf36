import * as z from "zod";

/** Rates are refilled all the time; each names a token bucket. */
export const RATE_NAMES = [
  "requests",
  "requests-per-principal",
  "reads",
  "writes",
  "run-starts",
  "model-calls",
  "account",
  "billing",
] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** Quotas are counted over a billing period. */
export const QUOTA_NAMES = ["runs", "documents", "llm-tokens"] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** Capacities bound how many there may be at once. */
export const CAPACITY_NAMES = ["members"] as const;
export type CapacityName = (typeof CAPACITY_NAMES)[number];

export const Limit = z
  .object({
    name: z.enum([...RATE_NAMES, ...QUOTA_NAMES, ...CAPACITY_NAMES]),
    limit: z.int(),
    windowSeconds: z
      .int()
      .optional()
      .meta({ description: "Of a rate; a quota is counted over the billing period, a capacity at any time" }),
    used: z.int(),
    remaining: z.int(),
    resetsAt: z.iso.datetime().optional().meta({ description: "When all of the limit is there again" }),
    source: z.enum(["plan", "operator"]),
  })
  .meta({
    id: "Limit",
    description: "A limit that holds for the tenant, and how much of it is used",
    example: { name: "requests", limit: 6000, windowSeconds: 60, used: 12, remaining: 5988, source: "plan" },
  });
export type Limit = z.infer<typeof Limit>;

export const Limits = z.object({ limits: z.array(Limit) }).meta({ id: "Limits" });
export type Limits = z.infer<typeof Limits>;

// Above it a bucket's arithmetic would lose tokens to rounding.
const MAX_LIMIT = 1_000_000_000;
const amount = z.int().min(1).max(MAX_LIMIT);

const RateOverride = z.strictObject({
  limit: amount,
  windowSeconds: z.int().min(1).max(86_400).optional().meta({ description: "The plan's window when absent" }),
});
const QuotaOverride = z.strictObject({ limit: z.int().min(0).max(1_000_000_000_000) });

type Overrides = Record<RateName, z.ZodOptional<typeof RateOverride>> &
  Record<QuotaName | CapacityName, z.ZodOptional<typeof QuotaOverride>>;
const overrides = Object.fromEntries([
  ...RATE_NAMES.map((name) => [name, RateOverride.optional()]),
  ...[...QUOTA_NAMES, ...CAPACITY_NAMES].map((name) => [name, QuotaOverride.optional()]),
]) as Overrides;

export const Reason = z.string().trim().min(1).max(500).meta({ description: "Kept in the audit log" });

export const LimitOverrides = z
  .strictObject({
    limits: z
      .strictObject(overrides)
      .meta({ description: "All that differ from the plan; what is not named is the plan's" }),
    reason: Reason,
    expiresAt: z.iso.datetime().optional().meta({ description: "From then on the plan's limits hold again" }),
  })
  .meta({
    id: "LimitOverrides",
    example: { limits: { requests: { limit: 100, windowSeconds: 60 } }, reason: "Load test of the customer" },
  });
export type LimitOverrides = z.infer<typeof LimitOverrides>;

export function isRateName(name: string): name is RateName {
  return RATE_NAMES.some((known) => known === name);
}
