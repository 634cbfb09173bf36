import * as z from "zod";
import type { Json, JsonObject } from "../../domain/kernel/json.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { childRunId, executionArn, namedRunId, stateMachineArn, workflowOfArn } from "../../domain/workflows/arn.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import { StartRunInput } from "../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../context.ts";
import { MAX_DEPTH, startRun } from "./start-run.ts";
import { argumentsOf, TaskFailure } from "./task-arguments.ts";
import type { TaskCall, TaskEnd, TaskOutcome } from "./task-call.ts";

// Tasks that start a run, in our words and in Step Functions'.

const WEFT = "weft:run:start";
const AWS = "arn:aws:states:::states:startExecution";

const WeftArguments = z.strictObject({ workflow: z.string(), ...StartRunInput.shape });
const AwsArguments = z.looseObject({
  StateMachineArn: z.string(),
  Input: z.json().optional(),
  Name: StartRunInput.shape.name,
});

interface Start {
  workflow: string;
  input: StartRunInput;
}

export function startsRun(resource: string): boolean {
  return resource.startsWith(WEFT) || resource.startsWith(AWS);
}

/** Whether the task ends when the run that it starts does. */
export function waitsForRun(resource: string): boolean {
  return startsRun(resource) && (resource.endsWith(".sync") || resource.endsWith(".sync:2"));
}

/** The run that such a task starts, known before it is asked for; `null` where its arguments lead nowhere. */
export function childOf(tenantId: string, parentRunId: string, key: string, resource: string, input: Json): string {
  try {
    const start = startOf(resource, input);
    if (start.input.name !== undefined) return namedRunId(tenantId, start.workflow, start.input.name);
  } catch {
    // The task will fail with the reason; until then the id is as good as any.
  }
  return childRunId(tenantId, parentRunId, key);
}

export async function startChildRun(ctx: ServiceContext, task: TaskCall): Promise<TaskOutcome> {
  if (task.depth + 1 > MAX_DEPTH) {
    throw new TaskFailure("States.TaskFailed", `Runs are nested more than ${MAX_DEPTH} deep.`);
  }
  const { workflow, input } = startOf(task.resource, task.input);
  const isWaiting = waitsForRun(task.resource);
  const key = task.key.slice(task.runId.length + 1);
  const { run } = await started(ctx, task, () =>
    startRun(ctx, workflow, input, { parent: { runId: task.runId, key, depth: task.depth, isWaiting } }),
  );
  const output = task.resource.startsWith(AWS) ? startedExecution(ctx.tenant.id, run) : (run as unknown as Json);
  if (!isWaiting) return { kind: "succeeded", output };
  const hasEnded = run.stoppedAt !== undefined;
  return { kind: "submitted", output, ...(hasEnded && { end: childOutcome(ctx.tenant.id, task.resource, run) }) };
}

/** What the end of the child means for the task that waited for it. */
export function childOutcome(tenantId: string, resource: string, run: Run): TaskEnd {
  const isAws = resource.startsWith(AWS);
  if (run.status === "succeeded") {
    if (!isAws) return { kind: "succeeded", output: run as unknown as Json };
    const shape = resource.endsWith(":2") ? asJson : asText;
    return { kind: "succeeded", output: execution(tenantId, run, shape) };
  }
  if (isAws) {
    const cause = JSON.stringify(execution(tenantId, run, asText));
    return { kind: "failed", error: "States.TaskFailed", cause };
  }
  const usual = run.status === "timed_out" ? "States.Timeout" : "States.TaskFailed";
  return { kind: "failed", error: run.error ?? usual, cause: run.cause ?? `The run ${run.id} ended ${run.status}.` };
}

function startOf(resource: string, value: Json): Start {
  if (!resource.startsWith(AWS)) {
    const { workflow, ...input } = argumentsOf(WeftArguments, value);
    return { workflow, input };
  }
  const { StateMachineArn, Input, Name } = argumentsOf(AwsArguments, value);
  const target = workflowOfArn(StateMachineArn);
  if (target === null) {
    throw new TaskFailure("StepFunctions.InvalidArnException", `Invalid State Machine Arn: '${StateMachineArn}'`);
  }
  const { workflow, ...version } = target;
  return {
    workflow,
    input: { ...version, input: inputOf(Input), ...(Name !== undefined && { name: Name }) },
  };
}

/** AWS: the input is JSON text, or an object that is written as such. */
function inputOf(input: Json | undefined): Json {
  if (typeof input !== "string") return input ?? {};
  try {
    return JSON.parse(input) as Json;
  } catch {
    throw new TaskFailure("StepFunctions.InvalidExecutionInputException", "Invalid execution input");
  }
}

/** AWS has its own names for what can go wrong with a start. */
async function started<T>(ctx: ServiceContext, task: TaskCall, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const known = asProblem(error);
    if (known === null || !task.resource.startsWith(AWS)) throw error;
    if (known.code === "not-found") {
      throw new TaskFailure("StepFunctions.StateMachineDoesNotExistException", "State Machine Does Not Exist");
    }
    if (known.code === "conflict") {
      throw new TaskFailure(
        "StepFunctions.ExecutionAlreadyExistsException",
        `Execution Already Exists: ${ctx.requestId}`,
      );
    }
    throw error;
  }
}

function startedExecution(tenantId: string, run: Run): JsonObject {
  return {
    ExecutionArn: executionArn(tenantId, run.workflow, run.name),
    StartDate: Date.parse(run.startedAt) / 1_000,
    ...SDK_METADATA,
  };
}

const SDK_METADATA = { SdkHttpMetadata: { HttpStatusCode: 200 }, SdkResponseMetadata: {} };

const STATUS: Record<Run["status"], string> = {
  running: "RUNNING",
  paused: "RUNNING",
  succeeded: "SUCCEEDED",
  failed: "FAILED",
  timed_out: "TIMED_OUT",
  aborted: "ABORTED",
};

const asText = (value: Json): Json => JSON.stringify(value);
const asJson = (value: Json): Json => value;

/** An ended run as Step Functions describes it; `shape` writes input and output. */
export function execution(tenantId: string, run: Run, shape: (value: Json) => Json): JsonObject {
  const status = STATUS[run.status];
  const canBeRedriven = run.status !== "succeeded";
  return {
    ExecutionArn: executionArn(tenantId, run.workflow, run.name),
    Input: shape(run.input),
    InputDetails: { Included: true },
    Name: run.name,
    ...(run.output !== undefined && { Output: shape(run.output), OutputDetails: { Included: true } }),
    ...(run.error !== undefined && { Error: run.error }),
    ...(run.cause !== undefined && { Cause: run.cause }),
    RedriveCount: run.redrives,
    RedriveStatus: canBeRedriven ? "REDRIVABLE" : "NOT_REDRIVABLE",
    ...(!canBeRedriven && { RedriveStatusReason: `Execution is ${status} and cannot be redriven` }),
    StartDate: Date.parse(run.startedAt),
    StateMachineArn: stateMachineArn(tenantId, run.workflow),
    Status: status,
    ...(run.stoppedAt !== undefined && { StopDate: Date.parse(run.stoppedAt) }),
  };
}
