import { and, eq } from "drizzle-orm";
import type { Experiment } from "../../domain/llm/experiment.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ended, loadExperiment, toExperiment } from "./experiment-row.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { experiments } from "./table.ts";

/** Ends an experiment: the route answers by its own targets again. One that has ended stays as it is. */
export async function stopExperiment(ctx: ServiceContext, id: string): Promise<Experiment> {
  requirePermission(ctx, "settings:write");
  const row = await loadExperiment(ctx, id);
  if (row.status !== "running") return toExperiment(row);
  await commit(ctx, {
    change: ctx.db
      .update(experiments)
      .set(ended(ctx, "stopped"))
      .where(
        and(eq(experiments.tenantId, ctx.tenant.id), eq(experiments.id, id), eq(experiments.version, row.version)),
      ),
    audit: { action: "experiment.stopped", target: { type: "experiment", id } },
  });
  forgetGatewayPolicy(ctx);
  return toExperiment(await loadExperiment(ctx, id));
}
