import * as z from "zod";
import type { JsonObject } from "../../../../domain/kernel/json.ts";
import { asProblem } from "../../../../domain/kernel/problem.ts";
import { MAX_PAYLOAD_BYTES } from "../../../../domain/tenants/tenant.ts";
import { executionArn, stateMachineArn } from "../../../../domain/workflows/arn.ts";
import type { Run } from "../../../../domain/workflows/run-view.ts";
import { StartRunInput } from "../../../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { requireNotWithdrawn } from "../../../../services/workflows/published-versions.ts";
import { commandRun, getRun } from "../../../../services/workflows/runs.ts";
import { startRun } from "../../../../services/workflows/start-run.ts";
import { getVersionOfRun, typeOfRuns } from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import { Arn, machineOf, noExecution, noMachine, runIdOf, seconds } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";
import { jsonInput } from "./payload.ts";

const Start = z.object({
  stateMachineArn: Arn,
  name: z.string().nullish(),
  input: z.string().max(MAX_PAYLOAD_BYTES).nullish(),
  traceHeader: z.string().max(256).nullish(),
});
// AWS: an Express execution ends after five minutes, so this wait always sees the end.
const SYNC_WAIT_SECONDS = 310;

type StatusName = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
const STATUS: Record<Run["status"], StatusName> = {
  running: "RUNNING",
  // AWS knows no pause.
  paused: "RUNNING",
  succeeded: "SUCCEEDED",
  failed: "FAILED",
  timed_out: "TIMED_OUT",
  aborted: "ABORTED",
};

export const startExecution = action(Start, async (ctx, input) => {
  const { run, created } = await start(ctx, input);
  // The same name answers the same execution only while it runs.
  if (!created && run.stoppedAt !== undefined) throw alreadyExists(ctx, run);
  return { executionArn: executionArn(ctx.tenant.id, run.workflow, run.name), startDate: seconds(run.startedAt) };
});

export const startSyncExecution = action(Start, async (ctx, input) => {
  const reference = machineOf(input.stateMachineArn);
  const type = await named(
    "not-found",
    () => noMachine(input.stateMachineArn),
    () => typeOfRuns(ctx, "runs:write", reference.workflow, reference.version),
  );
  if (type !== "EXPRESS") {
    throw new AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine");
  }
  const { run } = await start(ctx, input, SYNC_WAIT_SECONDS);
  const stoppedAt = run.stoppedAt ?? run.startedAt;
  const ms = Date.parse(stoppedAt) - Date.parse(run.startedAt);
  return {
    ...described(ctx, run),
    stopDate: seconds(stoppedAt),
    billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: Math.ceil(ms / 100) * 100 },
  };
});

async function start(ctx: ServiceContext, input: z.infer<typeof Start>, waitSeconds = 0) {
  const { workflow, ...version } = machineOf(input.stateMachineArn);
  const name = input.name ?? undefined;
  if (!StartRunInput.shape.name.safeParse(name).success) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
  const value = jsonInput(input.input ?? "{}");
  const request = { ...version, input: value, ...(name !== undefined && { name }) };
  return named(
    "not-found",
    () => noMachine(input.stateMachineArn),
    async () => {
      if (version.version !== undefined) await requireNotWithdrawn(ctx, workflow, version.version);
      return named(
        "conflict",
        () =>
          new AwsError(
            "ExecutionAlreadyExists",
            `Execution Already Exists: '${executionArn(ctx.tenant.id, workflow, name ?? "")}'`,
          ),
        () => startRun(ctx, workflow, request, { waitSeconds }),
      );
    },
  );
}

function alreadyExists(ctx: ServiceContext, run: Run): AwsError {
  const arn = executionArn(ctx.tenant.id, run.workflow, run.name);
  return new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
}

export const describeExecution = action(
  z.object({ executionArn: Arn, includedData: z.enum(["ALL_DATA", "METADATA_ONLY"]).nullish() }),
  async (ctx, input) => {
    const run = await findExecution(ctx, input.executionArn);
    return described(ctx, run, input.includedData !== "METADATA_ONLY");
  },
);

export function findExecution(ctx: ServiceContext, arn: string): Promise<Run> {
  const id = runIdOf(ctx, arn);
  return named(
    "not-found",
    () => noExecution(arn),
    () => getRun(ctx, id),
  );
}

function described(ctx: ServiceContext, run: Run, includeData = true): JsonObject {
  const head = listed(ctx, run);
  const included = { included: includeData };
  const canBeRedriven = run.status === "failed" || run.status === "timed_out" || run.status === "aborted";
  return {
    ...head,
    ...qualifiedArns(head.stateMachineArn, run),
    ...(includeData && { input: JSON.stringify(run.input) }),
    inputDetails: included,
    ...(run.output !== undefined && {
      ...(includeData && { output: JSON.stringify(run.output) }),
      outputDetails: included,
    }),
    ...(run.error !== undefined && { error: run.error }),
    ...(run.cause !== undefined && { cause: run.cause }),
    redriveStatus: canBeRedriven ? "REDRIVABLE" : "NOT_REDRIVABLE",
    ...(!canBeRedriven && { redriveStatusReason: `Execution is ${head.status} and cannot be redriven` }),
    traceHeader: `Root=1-${run.traceId.slice(0, 8)}-${run.traceId.slice(8)}`,
  };
}

/** AWS: told only where the start named a version or an alias. */
function qualifiedArns(machineArn: string, { qualifier, version }: Run) {
  if (qualifier === undefined) return {};
  return {
    stateMachineVersionArn: `${machineArn}:${version}`,
    ...(!/^\d+$/.test(qualifier) && { stateMachineAliasArn: `${machineArn}:${qualifier}` }),
  };
}

/** The members that lists show, too. */
export function listed(ctx: ServiceContext, run: Run) {
  return {
    executionArn: executionArn(ctx.tenant.id, run.workflow, run.name),
    stateMachineArn: stateMachineArn(ctx.tenant.id, run.workflow),
    name: run.name,
    status: STATUS[run.status],
    startDate: seconds(run.startedAt),
    ...(run.stoppedAt !== undefined && { stopDate: seconds(run.stoppedAt) }),
    redriveCount: run.redrives,
  };
}

export const describeStateMachineForExecution = action(z.object({ executionArn: Arn }), async (ctx, input) => {
  const run = await findExecution(ctx, input.executionArn);
  const { workflow, roleArn } = await getVersionOfRun(ctx, run);
  return {
    stateMachineArn: stateMachineArn(ctx.tenant.id, run.workflow),
    name: run.workflow,
    definition: JSON.stringify(workflow.definition),
    roleArn,
    updateDate: seconds(workflow.createdAt),
    revisionId: String(run.version),
  };
});

export const stopExecution = action(
  z.object({ executionArn: Arn, error: z.string().max(256).nullish(), cause: z.string().max(32_768).nullish() }),
  async (ctx, { executionArn: arn, error, cause }) => {
    const id = runIdOf(ctx, arn);
    const stop = { kind: "stop", ...(error && { error }), ...(cause && { cause }) } as const;
    const run = await named(
      "not-found",
      () => noExecution(arn),
      async () => {
        try {
          return await commandRun(ctx, id, stop);
        } catch (refused) {
          // AWS answers a second stop like the first.
          if (asProblem(refused)?.code === "run-status") return getRun(ctx, id);
          throw refused;
        }
      },
    );
    return { stopDate: seconds(run.stoppedAt ?? ctx.clock.now()) };
  },
);

export const redriveExecution = action(z.object({ executionArn: Arn }), async (ctx, { executionArn: arn }) => {
  const id = runIdOf(ctx, arn);
  const notRedrivable = () => new AwsError("ExecutionNotRedrivable", `Execution is not redrivable: '${arn}'`);
  await named(
    "not-found",
    () => noExecution(arn),
    () => named("run-status", notRedrivable, () => commandRun(ctx, id, { kind: "redrive" })),
  );
  return { redriveDate: seconds(ctx.clock.now()) };
});
