import { type InvalidMember, problem } from "../../domain/kernel/problem.ts";
import type { CreateExperiment, Experiment } from "../../domain/llm/experiment.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { toExperiment } from "./experiment-row.ts";
import { findTarget } from "./find-target.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { findRouteRow } from "./load-route.ts";
import { type ExperimentRow, experiments } from "./table.ts";

/** Begins to split the calls of a route. A route has one running experiment at a time: another is a `conflict`. */
export async function createExperiment(ctx: ServiceContext, input: CreateExperiment): Promise<Experiment> {
  requirePermission(ctx, "settings:write");
  const routeVersion = await versionOfKnown(ctx, input);
  const row: ExperimentRow = {
    id: ctx.ids.next("exp"),
    tenantId: ctx.tenant.id,
    name: input.name,
    route: input.route,
    routeVersion,
    variants: input.variants,
    guard: input.guard ?? null,
    status: "running",
    rolledBack: [],
    runningRoute: input.route,
    version: 1,
    createdAt: ctx.clock.now(),
    endedAt: null,
  };
  await commit(ctx, {
    change: ctx.db.insert(experiments).values(row),
    audit: {
      action: "experiment.created",
      target: { type: "experiment", id: row.id },
      details: { ...toExperiment(row) },
    },
    conflict: () => problem("conflict", { detail: `The route ${input.route} has a running experiment already.` }),
  });
  forgetGatewayPolicy(ctx);
  return toExperiment(row);
}

/** The version of the route, which exists like every model that the variants name. */
async function versionOfKnown(ctx: ServiceContext, { route, variants }: CreateExperiment): Promise<number | null> {
  const errors: InvalidMember[] = [];
  const row = await findRouteRow(ctx, route);
  if (row === null) errors.push({ pointer: "/route", detail: "is not a model route" });
  for (const [at, { model }] of variants.entries()) {
    if ((await findTarget(ctx, model)) !== null) continue;
    errors.push({ pointer: `/variants/${at}/model`, detail: "is not a model of a known provider" });
  }
  if (errors.length > 0) throw problem("validation-failed", { errors });
  return row?.version ?? null;
}
