import { and, asc, eq, gt, isNotNull } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import { breachesGuard } from "../../domain/llm/experiment-results.ts";
import { commit } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { ended } from "./experiment-row.ts";
import { tallyOf } from "./experiment-tally.ts";
import { forgetGatewayPolicy } from "./gateway-policy.ts";
import { type ExperimentRow, experiments } from "./table.ts";

const READ_AT_ONCE = 100;

/** Rolls back every variant that breaches its experiment's guard. Meant for the clock. */
export async function judgeExperiments(platform: PlatformContext): Promise<void> {
  for (let after = ""; ; ) {
    // across tenants: the clock serves all of them.
    const rows = await platform.db
      .select()
      .from(experiments)
      .where(and(eq(experiments.status, "running"), isNotNull(experiments.guard), gt(experiments.id, after)))
      .orderBy(asc(experiments.id))
      .limit(READ_AT_ONCE);
    for (const row of rows) await judgeExperiment(platform, row);
    after = rows.at(-1)?.id ?? "";
    if (rows.length < READ_AT_ONCE) return;
  }
}

/** Takes breaching variants out. With one variant left, or none, the experiment is over, and the route answers by itself. */
export async function judgeExperiment(platform: PlatformContext, row: ExperimentRow): Promise<void> {
  const { id, tenantId, guard } = row;
  if (guard === null) return;
  const tally = await tallyOf(platform, tenantId, id);
  const breaching = row.variants
    .map(({ name }) => name)
    .filter((name) => !row.rolledBack.includes(name) && breachesGuard(guard, tally(name)));
  if (breaching.length === 0) return;
  const rolledBack = [...row.rolledBack, ...breaching];
  const isOver = row.variants.length - rolledBack.length < 2;
  const ctx = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "experiments" } as const };
  try {
    await commit(ctx, {
      change: ctx.db
        .update(experiments)
        .set({ rolledBack, version: row.version + 1, ...(isOver && ended(platform, "rolled-back")) })
        .where(and(eq(experiments.tenantId, tenantId), eq(experiments.id, id), eq(experiments.version, row.version))),
      audit: {
        action: "experiment.variant-rolled-back",
        target: { type: "experiment", id },
        details: { variants: breaching, guard },
      },
      tasks: [
        {
          type: "event.publish",
          payload: {
            eventId: ctx.ids.next("evt"),
            type: "experiment.variant_rolled_back",
            data: { experimentId: id, route: row.route, variants: breaching, guard, isOver },
          },
        },
      ],
    });
  } catch (error) {
    // Somebody else judged or stopped it at the same moment; the next look sees what is left to do.
    if (asProblem(error)?.code !== "conflict") throw error;
  }
  forgetGatewayPolicy(ctx);
}
