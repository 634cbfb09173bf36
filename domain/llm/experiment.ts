import * as z from "zod";
import { sha256Hex } from "../kernel/digest.ts";
import { ModelRouteName, RouteTarget } from "./model-route.ts";

// Calls to a model route, split between variants.
//   E1  one subject sees one variant for as long as the experiment's variants stay: the choice is a hash, not a draw.
//   E2  a variant that was rolled back gets nothing; its subjects are spread over the others, whose own stay where they are.
//   E3  the first variant is the control, which the others are measured by.

export const Variant = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "must be lower-case letters, digits and hyphens"),
    model: RouteTarget.shape.model.describe("Asked first; the route's own targets stand in for it."),
    weight: z.int().min(0).max(10_000).default(1),
  })
  .meta({ id: "ExperimentVariant", example: { name: "control", model: "openai/gpt-5-mini", weight: 1 } });
export type Variant = z.infer<typeof Variant>;

export const ExperimentMetric = z.enum(["error-rate", "latency-ms", "cost-usd-micros", "rating", "refusal-rate"]);
export type ExperimentMetric = z.infer<typeof ExperimentMetric>;

export const ExperimentGuard = z
  .strictObject({
    metric: ExperimentMetric,
    limit: z.number().min(0).describe("Worse than this is a breach: below it for `rating`, above it for the others."),
    minSamples: z.int().min(1).max(100_000).default(30),
  })
  .meta({ id: "ExperimentGuard", example: { metric: "error-rate", limit: 0.1, minSamples: 50 } });
export type ExperimentGuard = z.infer<typeof ExperimentGuard>;

export const ExperimentStatus = z.enum(["running", "stopped", "rolled-back"]);
export type ExperimentStatus = z.infer<typeof ExperimentStatus>;

export const CreateExperiment = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    route: ModelRouteName,
    variants: z.array(Variant).min(2).max(5),
    guard: ExperimentGuard.optional().describe("A variant that breaches it is rolled back by itself."),
  })
  .refine(({ variants }) => new Set(variants.map(({ name }) => name)).size === variants.length, {
    path: ["variants"],
    message: "must have different names",
  })
  .refine(({ variants }) => variants.some(({ weight }) => weight > 0), {
    path: ["variants"],
    message: "must have a weight above 0",
  })
  .meta({
    id: "CreateExperiment",
    example: {
      name: "Smaller model for answers",
      route: "answers",
      variants: [
        { name: "control", model: "openai/gpt-5" },
        { name: "smaller", model: "openai/gpt-5-mini" },
      ],
      guard: { metric: "error-rate", limit: 0.1 },
    },
  });
export type CreateExperiment = z.infer<typeof CreateExperiment>;

export const Experiment = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    route: ModelRouteName,
    routeVersion: z.int().nullable().describe("The version of the route when the experiment began."),
    variants: z.array(Variant),
    guard: ExperimentGuard.nullable(),
    status: ExperimentStatus,
    rolledBack: z.array(z.string()).describe("Variants that breached the guard."),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Experiment" });
export type Experiment = z.infer<typeof Experiment>;

/** The variant that a subject is given. `null` when none is left. */
export function variantFor(
  { id, variants, rolledBack }: { id: string; variants: readonly Variant[]; rolledBack: readonly string[] },
  subject: string,
): Variant | null {
  const left = variants.filter(({ name, weight }) => weight > 0 && !rolledBack.includes(name));
  let best: { variant: Variant; score: number } | null = null;
  // Weighted rendezvous: each variant scores each subject by itself, so one that leaves moves only its own subjects.
  for (const variant of left) {
    const score = -variant.weight / Math.log(chanceOf(`${id}\n${variant.name}\n${subject}`));
    if (best === null || score > best.score) best = { variant, score };
  }
  return best?.variant ?? null;
}

/** Strictly between 0 and 1, the same for the same text. */
function chanceOf(text: string): number {
  return (Number.parseInt(sha256Hex(text).slice(0, 12), 16) + 0.5) / 2 ** 48;
}
