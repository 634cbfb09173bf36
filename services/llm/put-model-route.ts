import { sql } from "drizzle-orm";
import { asProblem, type InvalidMember, problem } from "../../domain/kernel/problem.ts";
import type { ModelRoute, PutModelRoute } from "../../domain/llm/model-route.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadTarget } from "./find-target.ts";
import { knownRoutes } from "./known-by-name.ts";
import { findRouteRow } from "./load-route.ts";
import { type ModelRouteRow, modelRoutes, toModelRoute } from "./table.ts";

/** Makes the route of that name what `input` says, and tells whether there was none before. */
export async function putModelRoute(
  ctx: ServiceContext,
  name: string,
  input: PutModelRoute,
): Promise<{ route: ModelRoute; isNew: boolean }> {
  requirePermission(ctx, "settings:write");
  await refuseUnknownTargets(ctx, input);
  const before = await findRouteRow(ctx, name);
  const now = ctx.clock.now();
  const row: ModelRouteRow = {
    tenantId: ctx.tenant.id,
    name,
    strategy: input.strategy,
    targets: input.targets,
    retries: input.retries ?? null,
    timeoutMs: input.timeoutMs ?? null,
    guardrails: input.guardrails ?? null,
    budget: input.budget ?? null,
    version: (before?.version ?? 0) + 1,
    cache: input.cache ?? null,
    fallbackAnswer: input.fallbackAnswer ?? null,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  const { tenantId: _, name: __, createdAt: ___, ...changes } = row;
  await commit(ctx, {
    change: ctx.db
      .insert(modelRoutes)
      .values(row)
      .onConflictDoUpdate({
        target: [modelRoutes.tenantId, modelRoutes.name],
        set: { ...changes, version: sql`${modelRoutes.version} + 1` },
      }),
    audit: {
      action: before === null ? "model-route.created" : "model-route.updated",
      target: { type: "model-route", id: name },
      details: { ...(before !== null && { before: toModelRoute(before) }), after: toModelRoute(row) },
    },
  });
  knownRoutes.forget(ctx, name);
  return { route: toModelRoute(row), isNew: before === null };
}

async function refuseUnknownTargets(ctx: ServiceContext, { targets }: PutModelRoute): Promise<void> {
  const unknown = async (model: string, index: number): Promise<InvalidMember[]> => {
    try {
      await loadTarget(ctx, model);
      return [];
    } catch (error) {
      if (asProblem(error)?.code !== "not-found") throw error;
      return [{ pointer: `/targets/${index}/model`, detail: "is not a model of a known provider" }];
    }
  };
  const errors = (await Promise.all(targets.map(({ model }, index) => unknown(model, index)))).flat();
  if (errors.length > 0) throw problem("validation-failed", { errors });
}
