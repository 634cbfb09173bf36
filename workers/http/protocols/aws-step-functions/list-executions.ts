import * as z from "zod";
import type { Page } from "../../../../domain/kernel/page.ts";
import type { Run } from "../../../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { listRuns, type RunQuery } from "../../../../services/workflows/runs.ts";
import { typeOfRuns } from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import { Arn, limitOf, MaxResults, machineOf, NextToken, nextTokenOf, noMachine } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";
import { listed } from "./executions.ts";
import { findMapRun } from "./map-runs.ts";

const StatusFilter = z.enum(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]);
const FILTERS: Record<z.infer<typeof StatusFilter>, Run["status"] | Run["status"][] | null> = {
  // AWS knows no pause.
  RUNNING: ["running", "paused"],
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed_out",
  ABORTED: "aborted",
  // A redrive begins at once here.
  PENDING_REDRIVE: null,
};

const ListExecutions = z.object({
  stateMachineArn: Arn.nullish(),
  mapRunArn: Arn.nullish(),
  statusFilter: StatusFilter.nullish(),
  redriveFilter: z.enum(["REDRIVEN", "NOT_REDRIVEN"]).nullish(),
  maxResults: MaxResults,
  nextToken: NextToken,
});

/** From the read model, at most a second behind. A filter on a version, an alias or a map run may leave a page short. */
export const listExecutions = action(ListExecutions, async (ctx, input) => {
  const status = input.statusFilter ? FILTERS[input.statusFilter] : undefined;
  const query: RunQuery = {
    limit: limitOf(input.maxResults),
    ...(status !== undefined && status !== null && { status }),
    ...(input.nextToken && { cursor: input.nextToken }),
  };
  const list = await listOf(ctx, input);
  if (status === null) return { executions: [] };
  const { data, nextCursor } = await list(query);
  return { executions: data.map((run) => listed(ctx, run)), ...nextTokenOf(nextCursor) };
});

/** Whose executions are asked for. */
async function listOf(
  ctx: ServiceContext,
  { stateMachineArn, mapRunArn, redriveFilter }: z.infer<typeof ListExecutions>,
): Promise<(query: RunQuery) => Promise<Page<Run>>> {
  if (!stateMachineArn === !mapRunArn) {
    throw new AwsError("ValidationException", "Exactly one of 'stateMachineArn' and 'mapRunArn' is needed");
  }
  if (mapRunArn) {
    const { run, view } = await findMapRun(ctx, mapRunArn);
    return async (query) => {
      const page = await listRuns(ctx, { ...query, parentRunId: run.id });
      const isAsked = ({ redrives }: Run) => !redriveFilter || redrives > 0 === (redriveFilter === "REDRIVEN");
      return { ...page, data: page.data.filter((child) => child.mapState === view.state && isAsked(child)) };
    };
  }
  if (redriveFilter) {
    throw new AwsError("ValidationException", "'redriveFilter' is for the executions of a map run");
  }
  const arn = stateMachineArn ?? "";
  const { workflow, version, alias } = machineOf(arn);
  const isMeant = (run: Run) =>
    alias === undefined ? version === undefined || run.version === version : run.qualifier === alias;
  await named(
    "not-found",
    () => noMachine(arn),
    () => typeOfRuns(ctx, "runs:read", workflow, version),
  );
  return async (query) => {
    const page = await listRuns(ctx, { ...query, workflow });
    return { ...page, data: page.data.filter(isMeant) };
  };
}
