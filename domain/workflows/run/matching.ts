import type { Failure } from "./event.ts";

/** ASL: these end the execution, whatever Retry and Catch say. */
const UNCATCHABLE = new Set(["States.Runtime"]);

export function isCatchable(failure: Failure): boolean {
  return !UNCATCHABLE.has(failure.error ?? "");
}

/** Whether an ErrorEquals list names the failure. `isHeartbeat`: the timeout was a missed heartbeat. */
export function matches(errorEquals: readonly string[], failure: Failure, isHeartbeat: boolean): boolean {
  for (const name of errorEquals) {
    if (name === "States.ALL" || name === failure.error) return true;
    if (name === "States.TaskFailed" && failure.error !== "States.Timeout") return true;
    if (name === "States.Timeout" && failure.error === "States.HeartbeatTimeout") return true;
    if (name === "States.HeartbeatTimeout" && isHeartbeat) return true;
  }
  return false;
}
