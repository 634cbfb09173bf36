import { and, eq } from "drizzle-orm";
import { asProblem, notFound } from "../../domain/kernel/problem.ts";
import type { RouteCache } from "../../domain/llm/answer-cache.ts";
import type { Budget } from "../../domain/llm/budget.ts";
import type { Guardrail } from "../../domain/llm/guardrail.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { type FallbackAnswer, type Hedge, orderedTargets } from "../../domain/llm/model-route.ts";
import type { ServiceContext } from "../context.ts";
import { type TakenVariant, takenVariant } from "./experiment-variant.ts";
import { loadTarget, type Target } from "./find-target.ts";
import { gatewayPolicy } from "./gateway-policy.ts";
import { knownRoutes } from "./known-by-name.ts";
import { type ModelRouteRow, modelRoutes } from "./table.ts";

/** Where one call goes: its targets in the order in which they are tried. */
export interface Route {
  /** `null` for a model that was named directly. */
  name: string | null;
  targets: Target[];
  maxAttempts: number | null;
  timeoutMs: number | null;
  hedge: Hedge | null;
  cache: RouteCache | null;
  /** What of the route sets answers apart: a changed route shares none with what it was. */
  cacheScope: string;
  fallbackAnswer: FallbackAnswer | null;
  /** Counts the route's changes. */
  version: number | null;
  budget: Budget | null;
  /** Those of the tenant, then the route's own. */
  guardrails: Guardrail[];
  experiment: TakenVariant | null;
}

const DIRECT = {
  name: null,
  maxAttempts: null,
  timeoutMs: null,
  hedge: null,
  cache: null,
  cacheScope: "",
  fallbackAnswer: null,
  version: null,
  budget: null,
  experiment: null,
};

/** What a request's `model` leads to: `provider/model`, or the name of a route of the tenant. `user` is whom it is asked for. */
export async function loadRoute(ctx: ServiceContext, model: string, user?: string | null): Promise<Route> {
  const policy = await gatewayPolicy(ctx);
  if (parseModelName(model) !== null) {
    return { ...DIRECT, targets: [await loadTarget(ctx, model)], guardrails: policy.guardrails };
  }
  const row = await knownRouteRow(ctx, model);
  if (row === null) throw notFound(`model: ${model.slice(0, 100)}`);
  const experiment = takenVariant(ctx, policy.experiments.get(row.name), user);
  const own = orderedTargets(row.strategy, row.targets, ctx.random.next());
  const ordered =
    experiment === null ? own : [experiment, ...own.filter((target) => target.model !== experiment.model)];
  const targets = await Promise.all(ordered.map((target) => loadTarget(ctx, target.model).catch(absent)));
  return {
    name: row.name,
    targets: targets.filter((target) => target !== null),
    maxAttempts: row.retries === null ? null : row.retries + 1,
    timeoutMs: row.timeoutMs,
    hedge: row.hedge,
    cache: row.cache,
    cacheScope: [`${row.name}@${row.version}`, policy.guardrailsAt, experiment?.model].join("/"),
    fallbackAnswer: row.fallbackAnswer,
    version: row.version,
    budget: row.budget,
    guardrails: [...policy.guardrails, ...(row.guardrails ?? [])],
    experiment,
  };
}

async function knownRouteRow(ctx: ServiceContext, name: string): Promise<ModelRouteRow | null> {
  const known = knownRoutes.find(ctx, name);
  if (known !== undefined) return known;
  const row = await findRouteRow(ctx, name);
  knownRoutes.remember(ctx, name, row);
  return row;
}

export async function findRouteRow(ctx: ServiceContext, name: string): Promise<ModelRouteRow | null> {
  const [row] = await ctx.db
    .select()
    .from(modelRoutes)
    .where(and(eq(modelRoutes.tenantId, ctx.tenant.id), eq(modelRoutes.name, name)))
    .limit(1);
  return row ?? null;
}

/** A target whose provider was forgotten is passed over, like one that does not answer. */
function absent(error: unknown): null {
  if (asProblem(error)?.code === "not-found") return null;
  throw error;
}
