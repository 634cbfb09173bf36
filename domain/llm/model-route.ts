import * as z from "zod";
import { canonicalJson } from "../kernel/json.ts";
import { RouteCache } from "./answer-cache.ts";
import { Budget } from "./budget.ts";
import { Guardrails } from "./guardrail.ts";

/** What a route is called by in `model`: no slash, so that it is never taken for `provider/model`. */
export const ModelRouteName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be lower-case letters, digits, dots, hyphens and underscores")
  .meta({ example: "answers" });

export const RouteTarget = z
  .strictObject({
    model: z
      .string()
      .regex(/^[^/]+\/./, "must be provider/model")
      .max(256),
    weight: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe("Share of the calls, with the strategy `weighted`; 1 where absent."),
  })
  .meta({ id: "ModelRouteTarget", example: { model: "openai/gpt-5-mini" } });
export type RouteTarget = z.infer<typeof RouteTarget>;

export const RouteStrategy = z.enum(["fallback", "weighted"]);
export type RouteStrategy = z.infer<typeof RouteStrategy>;

/** What is said when no target answers: a fixed text, or what the platform's own model finds in the prompt. */
export const FallbackAnswer = z
  .union([
    z.strictObject({ text: z.string().min(1).max(10_000) }),
    z.strictObject({ model: z.literal("local/extractive") }),
  ])
  .meta({ id: "FallbackAnswer", example: { text: "Our assistant is not available. Please try again in a minute." } });
export type FallbackAnswer = z.infer<typeof FallbackAnswer>;

/**
 * Whether a slow target is overtaken. Longer than ten seconds would be no hedge: a client of a stream hears that it is being served
 * after fifteen, and from then on its target is settled.
 */
export const Hedge = z
  .strictObject({
    afterMs: z.int().min(20).max(10_000).describe("How long a target may be silent before the next is asked as well."),
    max: z.int().min(1).max(3).default(1).describe("How many more are asked at most."),
  })
  .meta({ id: "Hedge", example: { afterMs: 800, max: 1 } });
export type Hedge = z.infer<typeof Hedge>;

export const PutModelRoute = z
  .strictObject({
    strategy: RouteStrategy,
    targets: z.array(RouteTarget).min(1).max(10),
    retries: z
      .int()
      .min(0)
      .max(5)
      .optional()
      .describe("Further attempts at one target before the next; 2 where absent."),
    timeoutMs: z.int().min(100).max(600_000).optional().describe("For all attempts at all targets together."),
    hedge: Hedge.optional().describe("Off where absent."),
    guardrails: Guardrails.optional().describe("Applied after those of the tenant."),
    budget: Budget.optional().describe("For all calls to this route together."),
    cache: RouteCache.optional(),
    fallbackAnswer: FallbackAnswer.optional().describe("Said, and marked as such, when no target answers."),
  })
  .refine(({ strategy, targets }) => strategy === "fallback" || targets.some(({ weight }) => weight !== 0), {
    path: ["targets"],
    message: "must have a target with a weight above 0",
  })
  .meta({
    id: "PutModelRoute",
    example: {
      strategy: "fallback",
      targets: [{ model: "openai/gpt-5-mini" }, { model: "anthropic/claude-haiku-4-5" }],
    },
  });
export type PutModelRoute = z.infer<typeof PutModelRoute>;

/** All that a route is told to do. */
export const RouteSettings = z.strictObject({
  strategy: RouteStrategy,
  targets: z.array(RouteTarget),
  retries: z.int().nullable(),
  timeoutMs: z.int().nullable(),
  hedge: Hedge.nullable(),
  guardrails: Guardrails,
  budget: Budget.nullable(),
  cache: RouteCache.nullable(),
  fallbackAnswer: FallbackAnswer.nullable(),
});
export type RouteSettings = z.infer<typeof RouteSettings>;

export const ModelRoute = z
  .strictObject({
    name: ModelRouteName,
    ...RouteSettings.shape,
    version: z.int().describe("Counts the changes of the route; every call notes the version that answered it."),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "ModelRoute" });
export type ModelRoute = z.infer<typeof ModelRoute>;

export const ModelRouteVersion = z
  .strictObject({
    name: ModelRouteName,
    version: z.int(),
    ...RouteSettings.shape,
    restoredFrom: z.int().nullable().describe("The earlier version that a rollback brought back."),
    createdBy: z.strictObject({ type: z.string(), id: z.string() }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "ModelRouteVersion", description: "A route as it once was; it never changes" });
export type ModelRouteVersion = z.infer<typeof ModelRouteVersion>;

export function routeSettings(input: PutModelRoute): RouteSettings {
  return {
    strategy: input.strategy,
    targets: input.targets,
    retries: input.retries ?? null,
    timeoutMs: input.timeoutMs ?? null,
    hedge: input.hedge ?? null,
    guardrails: input.guardrails ?? [],
    budget: input.budget ?? null,
    cache: input.cache ?? null,
    fallbackAnswer: input.fallbackAnswer ?? null,
  };
}

/** Whether two routes would do the same: changing one into the other makes no version. */
export function isSameRoute(a: RouteSettings, b: RouteSettings): boolean {
  return textOf(a) === textOf(b);
}

/** Without the members that are `undefined`, which JSON does not have. */
function textOf(settings: RouteSettings): string {
  return canonicalJson(JSON.parse(JSON.stringify(settings)));
}

/**
 * The targets in the order in which one call tries them. `fallback`: as written. `weighted`: the first is drawn by weight with
 * `chance` in [0, 1), and the others stand in for it, heaviest first; a target of weight 0 only ever stands in.
 */
export function orderedTargets(
  strategy: RouteStrategy,
  targets: readonly RouteTarget[],
  chance: number,
): RouteTarget[] {
  if (strategy === "fallback") return [...targets];
  const drawn = drawnByWeight(targets, chance);
  const others = targets.filter((target) => target !== drawn).sort((a, b) => weightOf(b) - weightOf(a));
  return drawn === undefined ? others : [drawn, ...others];
}

function drawnByWeight(targets: readonly RouteTarget[], chance: number): RouteTarget | undefined {
  let rest = chance * targets.reduce((sum, target) => sum + weightOf(target), 0);
  return targets.find((target) => {
    rest -= weightOf(target);
    return rest < 0;
  });
}

function weightOf({ weight }: RouteTarget): number {
  return weight ?? 1;
}
