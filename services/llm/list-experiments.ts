import { and, desc, eq, lt, or } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { Experiment } from "../../domain/llm/experiment.ts";
import { comparedMetrics, type ExperimentResults } from "../../domain/llm/experiment-results.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadExperiment, toExperiment } from "./experiment-row.ts";
import { tallyOf } from "./experiment-tally.ts";
import { experiments } from "./table.ts";

/** The tenant's experiments, the latest first. */
export async function listExperiments(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Experiment>> {
  requirePermission(ctx, "llm:read");
  const [at, id] = cursor === undefined ? [] : decodeCursor(cursor, 2);
  const time = Number(at);
  const { createdAt } = experiments;
  const before =
    id === undefined ? undefined : or(lt(createdAt, time), and(eq(createdAt, time), lt(experiments.id, id)));
  const rows = await ctx.db
    .select()
    .from(experiments)
    .where(and(eq(experiments.tenantId, ctx.tenant.id), before))
    .orderBy(desc(createdAt), desc(experiments.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.createdAt), row.id], toExperiment);
}

export async function getExperiment(ctx: ServiceContext, id: string): Promise<Experiment> {
  requirePermission(ctx, "llm:read");
  return toExperiment(await loadExperiment(ctx, id));
}

/** How the variants do, the first being what the others are measured by. */
export async function getExperimentResults(ctx: ServiceContext, id: string): Promise<ExperimentResults> {
  requirePermission(ctx, "llm:read");
  const { status, variants, rolledBack } = await loadExperiment(ctx, id);
  const tally = await tallyOf(ctx, ctx.tenant.id, id);
  const control = variants[0]?.name ?? "";
  return {
    id,
    status,
    control,
    variants: variants.map(({ name, model }) => ({
      name,
      model,
      isRolledBack: rolledBack.includes(name),
      calls: tally(name).calls,
      routeVersions: tally(name).routeVersions,
      metrics: comparedMetrics(tally(control), tally(name)),
    })),
  };
}
