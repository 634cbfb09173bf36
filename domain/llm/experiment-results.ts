import * as z from "zod";
import type { ExperimentGuard, ExperimentMetric } from "./experiment.ts";
import { type Comparison, proportionTest, type Sample, welchTest } from "./significance.ts";

/** The customary bound: one comparison in twenty is significant by chance alone. */
const SIGNIFICANT = 0.05;

const Measured = z.strictObject({
  value: z.number().nullable().describe("`null` where nothing was measured."),
  samples: z.int(),
  difference: z.number().nullable().describe("From the control."),
  pValue: z.number().nullable().describe("How likely chance alone makes such a difference (two-sided)."),
  isSignificant: z.boolean(),
});
export type Measured = z.infer<typeof Measured>;

export const VariantResult = z.strictObject({
  name: z.string(),
  model: z.string(),
  isRolledBack: z.boolean(),
  calls: z.int(),
  routeVersions: z.array(z.int()).describe("The versions of the route as which it answered these calls."),
  metrics: z.record(z.string(), Measured),
});

export const ExperimentResults = z
  .strictObject({
    id: z.string(),
    status: z.string(),
    control: z.string(),
    variants: z.array(VariantResult),
  })
  .meta({
    id: "ExperimentResults",
    description:
      "Errors and refusals by a pooled two-proportion test; latency, cost and ratings by Welch's. Latency and cost are those of answered calls.",
  });
export type ExperimentResults = z.infer<typeof ExperimentResults>;

/** What the bill and the feedback say of a variant. */
export interface VariantTally {
  calls: number;
  routeVersions: number[];
  errors: number;
  refusals: number;
  latencyMs: Sample;
  costUsdMicros: Sample;
  rating: Sample;
}

/** Every metric of a variant, beside the control's. */
export function comparedMetrics(control: VariantTally, variant: VariantTally): Record<ExperimentMetric, Measured> {
  const proportion = (count: (tally: VariantTally) => number) =>
    measured(
      share(count(variant), variant.calls),
      variant.calls,
      proportionTest({ cases: count(control), count: control.calls }, { cases: count(variant), count: variant.calls }),
    );
  const mean = (sample: (tally: VariantTally) => Sample) => {
    const { count, mean: value } = sample(variant);
    return measured(count === 0 ? null : value, count, welchTest(sample(control), sample(variant)));
  };
  return {
    "error-rate": proportion(({ errors }) => errors),
    "refusal-rate": proportion(({ refusals }) => refusals),
    "latency-ms": mean(({ latencyMs }) => latencyMs),
    "cost-usd-micros": mean(({ costUsdMicros }) => costUsdMicros),
    rating: mean(({ rating }) => rating),
  };
}

/** Whether a variant is worse than its guard allows, by enough samples. */
export function breachesGuard(guard: ExperimentGuard, tally: VariantTally): boolean {
  const { value, samples } = comparedMetrics(tally, tally)[guard.metric];
  if (value === null || samples < guard.minSamples) return false;
  return guard.metric === "rating" ? value < guard.limit : value > guard.limit;
}

function measured(value: number | null, samples: number, comparison: Comparison | null): Measured {
  const difference = comparison?.difference ?? null;
  const pValue = comparison?.pValue ?? null;
  return { value, samples, difference, pValue, isSignificant: pValue !== null && pValue < SIGNIFICANT };
}

function share(cases: number, count: number): number | null {
  return count === 0 ? null : cases / count;
}
