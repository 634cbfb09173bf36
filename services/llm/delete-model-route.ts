import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { ended } from "./experiment-row.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { knownRoutes } from "./known-by-name.ts";
import { findRouteRow } from "./load-route.ts";
import { experiments, modelRoutes, toModelRoute } from "./table.ts";

export async function deleteModelRoute(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  const before = await findRouteRow(ctx, name);
  if (before === null) throw notFound("model route");
  requireMatch(ctx, toModelRoute(before));
  const running = await runningOn(ctx, name);
  const isRoute = and(eq(modelRoutes.tenantId, ctx.tenant.id), eq(modelRoutes.name, name));
  await commit(ctx, {
    change: ctx.db.delete(modelRoutes).where(and(isRoute, ifStill(ctx, eq(modelRoutes.version, before.version)))),
    also: [endExperiments(ctx, name)],
    audit: [
      { action: "model-route.deleted", target: { type: "model-route", id: name } },
      ...running.map(({ id }) => ({ action: "experiment.stopped", target: { type: "experiment", id } })),
    ],
    conflict: lost(ctx, () => notFound("model route")),
  });
  knownRoutes.forget(ctx, name);
  forgetGatewayPolicy(ctx);
}

/** A route that is made anew under the name is another one: it takes no part in what ran on the first. */
function endExperiments(ctx: ServiceContext, route: string) {
  return ctx.db.update(experiments).set(ended(ctx, "stopped")).where(isRunningOn(ctx, route));
}

async function runningOn(ctx: ServiceContext, route: string): Promise<{ id: string }[]> {
  return ctx.db.select({ id: experiments.id }).from(experiments).where(isRunningOn(ctx, route));
}

function isRunningOn({ tenant }: ServiceContext, route: string) {
  return and(eq(experiments.tenantId, tenant.id), eq(experiments.runningRoute, route));
}
