import { and, eq, sql } from "drizzle-orm";
import { isId } from "../../domain/kernel/id.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Experiment } from "../../domain/llm/experiment.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { type ExperimentRow, experiments } from "./table.ts";

export function toExperiment({ tenantId: _, runningRoute: __, version: ___, ...row }: ExperimentRow): Experiment {
  return {
    ...row,
    createdAt: isoTime(row.createdAt),
    endedAt: row.endedAt === null ? null : isoTime(row.endedAt),
  };
}

/** An experiment that is over: its route answers by its own targets again, and may have another. */
export function ended({ clock }: Pick<PlatformContext, "clock">, status: "stopped" | "rolled-back") {
  return { status, runningRoute: null, endedAt: clock.now(), version: sql`${experiments.version} + 1` } as const;
}

export async function loadExperiment(ctx: ServiceContext, id: string): Promise<ExperimentRow> {
  const rows = isId("exp", id)
    ? await ctx.db
        .select()
        .from(experiments)
        .where(and(eq(experiments.tenantId, ctx.tenant.id), eq(experiments.id, id)))
        .limit(1)
    : [];
  const [row] = rows;
  if (row === undefined) throw notFound("experiment");
  return row;
}
