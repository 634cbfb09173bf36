import { executionArn, stateMachineArn } from "../../domain/workflows/arn.ts";
import type { RunCommand, StartRun } from "../../domain/workflows/run/command.ts";
import { DEFAULT_LIMITS, type RunEvent } from "../../domain/workflows/run/event.ts";
import { rewindState } from "../../domain/workflows/run/replay.ts";
import type { RunLifecycle, StartRunRequest, TaskAnswer } from "../../services/workflows/ports.ts";
import type { TaskOutcome } from "../../services/workflows/task-call.ts";
import { noPlaceToRewindTo } from "./refusal.ts";

// What the outside asks, as the engine's commands.

export function startCommand(request: StartRunRequest): StartRun {
  const { tenantId, workflow, mapState, maxPayloadBytes = DEFAULT_LIMITS.maxPayloadBytes } = request;
  const name = mapState === undefined ? workflow : `${workflow}/${mapState}`;
  return {
    type: "StartRun",
    input: request.input,
    runId: request.runId,
    executionId: executionArn(tenantId, workflow, request.name),
    name: request.name,
    roleArn: `arn:weft:iam::${tenantId}:role/run`,
    stateMachine: { id: stateMachineArn(tenantId, name), name },
    machineType: request.type,
    limits: { ...DEFAULT_LIMITS, maxPayloadBytes },
  };
}

export function lifecycleCommand(lifecycle: RunLifecycle, history: () => readonly RunEvent[]): RunCommand {
  switch (lifecycle.kind) {
    case "pause":
      return { type: "Pause", ...(lifecycle.reason !== undefined && { reason: lifecycle.reason }) };
    case "resume":
      return { type: "Resume", ...(lifecycle.reason !== undefined && { reason: lifecycle.reason }) };
    case "stop": {
      const { error, cause } = lifecycle;
      return { type: "Stop", ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    }
    case "redrive":
      return { type: "Redrive" };
    case "update-map-run":
      return { type: "UpdateMapRun", mapRun: lifecycle.mapRun, change: lifecycle.change };
    case "rewind": {
      const events = history();
      const toSeq = "toSeq" in lifecycle ? lifecycle.toSeq : lastEntryOf(events, lifecycle.toState);
      const restored = rewindState(events, toSeq);
      if (restored === null) throw noPlaceToRewindTo("toSeq");
      return { type: "Rewind", toSeq, restored };
    }
  }
}

function lastEntryOf(events: readonly RunEvent[], state: string): number {
  const entry = events.findLast(
    (event) => event.type.endsWith("StateEntered") && "state" in event && event.state === state,
  );
  if (entry === undefined) throw noPlaceToRewindTo("toState");
  return entry.seq;
}

export function outcomeCommands(key: string, outcome: TaskOutcome): RunCommand[] {
  const task = { key };
  switch (outcome.kind) {
    case "succeeded":
      return [{ type: "TaskSucceeded", task, output: outcome.output }];
    case "submitted": {
      const end = outcome.end === undefined ? [] : outcomeCommands(key, outcome.end);
      return [{ type: "TaskSubmitted", task, output: outcome.output }, ...end];
    }
    case "failed":
      return [{ type: "TaskFailed", task, error: outcome.error, cause: outcome.cause }];
  }
}

export function answerCommand(answer: TaskAnswer): RunCommand {
  const task = { token: answer.token };
  switch (answer.kind) {
    case "success":
      return { type: "TaskSucceeded", task, output: answer.output };
    case "heartbeat":
      return { type: "TaskHeartbeat", task };
    case "failure": {
      const { error, cause } = answer;
      return { type: "TaskFailed", task, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    }
  }
}
