import { isJsonObject, type Json, type JsonObject } from "../../../../domain/kernel/json.ts";
import type { RunEventView } from "../../../../domain/workflows/run-view.ts";
import { seconds } from "./arns.ts";

// Entries of a run's history as GetExecutionHistory writes them. What only this platform has (pauses, reviews, heartbeats) has no
// place in AWS's list and is left out; the ids of the others are as everywhere, so the list may have gaps.

export interface HistoryScope {
  includeData: boolean;
  roleArn: string;
  mapRunArn(name: string): string;
  /** `Resource` of the task whose Scheduled event has this id. */
  resourceOf(task: number): string;
}

export function isHistoryEvent({ type }: RunEventView): boolean {
  return !/^(Run|Review)/.test(type);
}

export function toHistoryEvent(event: RunEventView, scope: HistoryScope): JsonObject {
  const { seq, at, type, previousEventId } = event as RunEventView & { previousEventId: number };
  return { timestamp: seconds(at), type, id: seq, previousEventId, ...details(event, scope) };
}

type Members = Record<string, Json | undefined>;

function details(event: RunEventView, scope: HistoryScope): JsonObject {
  const { type } = event;
  const view = event as unknown as Members;
  const { includeData } = scope;
  if (type.endsWith("StateEntered")) {
    return { stateEnteredEventDetails: { name: view.state ?? "", ...data("input", view.input, includeData) } };
  }
  if (type.endsWith("StateExited")) {
    const exited = { name: view.state ?? "", ...data("output", view.output, includeData) };
    return { stateExitedEventDetails: { ...exited, ...assigned(view.assigned, includeData) } };
  }
  if (type.startsWith("Execution")) return { [member(type)]: execution(type, view, scope) };
  if (type.startsWith("Task") && !type.endsWith("StateAborted")) return { [member(type)]: task(event, scope) };
  if (type.startsWith("LambdaFunction") || type.startsWith("Activity")) return worker(type, view, scope);
  if (type.startsWith("MapIteration")) return { [member(type)]: { name: view.state ?? "", index: view.index ?? 0 } };
  if (type === "MapStateStarted") return { [member(type)]: { length: view.length ?? 0 } };
  if (type === "MapRunStarted") return { [member(type)]: { mapRunArn: scope.mapRunArn(String(view.mapRun)) } };
  if (type === "MapRunFailed") return { [member(type)]: failure(view, includeData) };
  if (type === "EvaluationFailed") {
    const where = { state: view.state ?? "", ...(view.location !== undefined && { location: view.location }) };
    return { [member(type)]: { ...failure(view, includeData), ...where } };
  }
  return {};
}

function execution(type: string, view: Members, { includeData, roleArn }: HistoryScope): JsonObject {
  switch (type) {
    case "ExecutionStarted":
      return { ...data("input", view.input, includeData), roleArn };
    case "ExecutionSucceeded":
      return data("output", view.output, includeData);
    case "ExecutionRedriven":
      return { redriveCount: view.redriveCount ?? 0 };
    default:
      return failure(view, includeData);
  }
}

function task(event: RunEventView, scope: HistoryScope): JsonObject {
  const view = event as unknown as Members;
  const isScheduled = event.type === "TaskScheduled";
  const head = resourceParts(isScheduled ? String(view.resource) : scope.resourceOf(Number(view.task)));
  if (isScheduled) {
    const parameters = scope.includeData ? JSON.stringify(view.input ?? null) : "";
    return { ...head, region: REGION, parameters, ...timeouts(view) };
  }
  if (event.type === "TaskSucceeded" || event.type === "TaskSubmitted") {
    return { ...head, ...data("output", view.output, scope.includeData) };
  }
  return { ...head, ...failure(view, scope.includeData) };
}

const REGION = "us-east-1";

function worker(type: string, view: Members, { includeData }: HistoryScope): JsonObject {
  if (type.endsWith("Scheduled")) {
    const scheduled = { resource: view.resource ?? "", ...data("input", view.input, includeData), ...timeouts(view) };
    return { [member(type)]: scheduled };
  }
  if (type.endsWith("Succeeded")) return { [member(type)]: data("output", view.output, includeData) };
  if (type === "ActivityStarted") {
    return { [member(type)]: view.workerName === undefined ? {} : { workerName: view.workerName } };
  }
  return type === "LambdaFunctionStarted" ? {} : { [member(type)]: failure(view, includeData) };
}

/** `arn:aws:states:::lambda:invoke.waitForTaskToken` is the resource `invoke.waitForTaskToken` of the type `lambda`. */
export function resourceParts(resource: string): { resourceType: string; resource: string } {
  const parts = resource.replace(/^arn:aws:states:::/, "").split(":");
  const last = /^\d+$/.test(parts.at(-1) ?? "") ? parts.length - 2 : parts.length - 1;
  return { resourceType: parts.slice(0, last).join(":"), resource: parts.slice(last).join(":") };
}

function timeouts({ timeoutInSeconds, heartbeatInSeconds }: Members): JsonObject {
  return {
    ...(timeoutInSeconds !== undefined && { timeoutInSeconds }),
    ...(heartbeatInSeconds !== undefined && { heartbeatInSeconds }),
  };
}

function data(name: "input" | "output", value: Json | undefined, includeData: boolean): JsonObject {
  if (value === undefined || !includeData) return {};
  return { [name]: JSON.stringify(value), [`${name}Details`]: { truncated: false } };
}

function assigned(variables: Json | undefined, includeData: boolean): JsonObject {
  if (!isJsonObject(variables) || !includeData) return {};
  const texts = Object.entries(variables).map(([name, value]) => [name, JSON.stringify(value)]);
  return { assignedVariables: Object.fromEntries(texts), assignedVariablesDetails: { truncated: false } };
}

function failure({ error, cause }: Members, includeData: boolean): JsonObject {
  if (!includeData) return {};
  return { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
}

/** `TaskScheduled` is told in `taskScheduledEventDetails`. */
function member(type: string): string {
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}
