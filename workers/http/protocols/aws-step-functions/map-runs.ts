import * as z from "zod";
import { executionArn, mapRunArn, stateMachineArn } from "../../../../domain/workflows/arn.ts";
import type { MapRunCounts, MapRunView } from "../../../../domain/workflows/map-run-view.ts";
import type { Run } from "../../../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { listMapRuns as findMapRuns } from "../../../../services/workflows/list-map-runs.ts";
import { commandRun, getRun } from "../../../../services/workflows/runs.ts";
import { action } from "./action.ts";
import { Arn, invalidArn, MaxResults, NextToken, seconds } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";
import { findExecution } from "./executions.ts";

/** What `mapRunArn` writes. */
const MAP_RUN = /^arn:[\w-]+:states:[\w-]*:\d*:mapRun:[^/]+\/(.+):(run_\w+)\.([\w-]+)$/;

export const listMapRuns = action(
  z.object({ executionArn: Arn, maxResults: MaxResults, nextToken: NextToken }),
  async (ctx, input) => {
    const run = await findExecution(ctx, input.executionArn);
    const views = await findMapRuns(ctx, run.id);
    return {
      mapRuns: views.map((view) => ({
        ...head(ctx, run, view),
        stateMachineArn: stateMachineArn(ctx.tenant.id, run.workflow),
      })),
    };
  },
);

export const describeMapRun = action(z.object({ mapRunArn: Arn }), async (ctx, { mapRunArn: arn }) => {
  const { run, view } = await findMapRun(ctx, arn);
  const { status, maxConcurrency, settings } = view;
  return {
    ...head(ctx, run, view),
    status,
    maxConcurrency,
    toleratedFailureCount: settings.toleratedFailureCount ?? 0,
    toleratedFailurePercentage: settings.toleratedFailurePercentage ?? 0,
    itemCounts: counts(view, view.items),
    executionCounts: counts(view, view.children),
    redriveCount: run.redrives,
  };
});

export const updateMapRun = action(
  z.object({
    mapRunArn: Arn,
    maxConcurrency: z.int().min(0).nullish(),
    toleratedFailureCount: z.int().min(0).nullish(),
    toleratedFailurePercentage: z.number().min(0).max(100).nullish(),
  }),
  async (ctx, { mapRunArn: arn, maxConcurrency, toleratedFailureCount, toleratedFailurePercentage }) => {
    const { run, view } = await findMapRun(ctx, arn);
    const change = {
      ...(typeof maxConcurrency === "number" && { maxConcurrency }),
      ...(typeof toleratedFailureCount === "number" && { toleratedFailureCount }),
      ...(typeof toleratedFailurePercentage === "number" && { toleratedFailurePercentage }),
    };
    const hasEnded = () => new AwsError("ValidationException", `The Map Run has ended: '${arn}'`);
    await named("run-status", hasEnded, () =>
      named("not-found", hasEnded, () =>
        commandRun(ctx, run.id, { kind: "update-map-run", mapRun: view.name, change }),
      ),
    );
    return {};
  },
);

export async function findMapRun(ctx: ServiceContext, arn: string): Promise<{ run: Run; view: MapRunView }> {
  const [, label, runId, id] = MAP_RUN.exec(arn) ?? [];
  if (runId === undefined) throw invalidArn(arn);
  const noMapRun = () => new AwsError("ResourceNotFound", `Map Run Does Not Exist: '${arn}'`);
  const run = await named("not-found", noMapRun, () => getRun(ctx, runId));
  const view = (await findMapRuns(ctx, run.id)).find(({ name }) => name.endsWith(`/${label}:${id}`));
  if (view === undefined) throw noMapRun();
  return { run, view };
}

function head(ctx: ServiceContext, run: Run, view: MapRunView) {
  return {
    mapRunArn: mapRunArn(ctx.tenant.id, run.workflow, view.name),
    executionArn: executionArn(ctx.tenant.id, run.workflow, run.name),
    startDate: seconds(view.startedAt),
    ...(view.stoppedAt !== null && { stopDate: seconds(view.stoppedAt) }),
  };
}

/** What has neither begun nor ended is not told apart in the history: it counts as running while the map run goes on. */
function counts({ status }: MapRunView, { total, succeeded, failed, written }: MapRunCounts) {
  const rest = total - succeeded - failed;
  const isRunning = status === "RUNNING";
  const never = { pending: 0, timedOut: 0, failuresNotRedrivable: 0, pendingRedrive: 0 };
  return {
    ...never,
    total,
    succeeded,
    failed,
    resultsWritten: written,
    running: isRunning ? rest : 0,
    aborted: isRunning ? 0 : rest,
  };
}
