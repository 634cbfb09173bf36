import { and, eq } from "drizzle-orm";
import { asProblem, notFound } from "../../domain/kernel/problem.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { orderedTargets } from "../../domain/llm/model-route.ts";
import type { ServiceContext } from "../context.ts";
import { loadTarget, type Target } from "./find-target.ts";
import { type ModelRouteRow, modelRoutes } from "./table.ts";

/** Where one call goes: its targets in the order in which they are tried. */
export interface Route {
  /** `null` for a model that was named directly. */
  name: string | null;
  targets: Target[];
  maxAttempts: number | null;
  timeoutMs: number | null;
}

/** What a request's `model` leads to: `provider/model`, or the name of a route of the tenant. */
export async function loadRoute(ctx: ServiceContext, model: string): Promise<Route> {
  if (parseModelName(model) !== null) {
    return { name: null, targets: [await loadTarget(ctx, model)], maxAttempts: null, timeoutMs: null };
  }
  const row = await findRouteRow(ctx, model);
  if (row === null) throw notFound(`model: ${model.slice(0, 100)}`);
  const ordered = orderedTargets(row.strategy, row.targets, ctx.random.next());
  const targets = await Promise.all(ordered.map((target) => loadTarget(ctx, target.model).catch(absent)));
  return {
    name: row.name,
    targets: targets.filter((target) => target !== null),
    maxAttempts: row.retries === null ? null : row.retries + 1,
    timeoutMs: row.timeoutMs,
  };
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
