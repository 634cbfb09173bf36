import type { RunState, Scope } from "./state.ts";

/** Whether a scope can go on without any answer from outside. */
export function isReady(state: RunState, scope: Scope): boolean {
  if (state.status !== "running") return false;
  if (scope.parent !== null && state.scopes[scope.parent]?.phase.at !== "fanOut") return false;
  const { phase } = scope;
  switch (phase.at) {
    case "start":
    case "next":
    case "entered":
    case "result":
    case "failed":
    case "ended":
      return true;
    case "aborted":
      return phase.visit !== null;
    case "fanOut": {
      const { kind, openCount, maxConcurrency, next, total, succeeded, mapRun } = phase.fanOut;
      if (kind === "mapRun") return mapRun === undefined || mapRun.stage === "done";
      if (kind === "parallel") return succeeded === total;
      return succeeded === total || (next < total && (maxConcurrency === 0 || openCount < maxConcurrency));
    }
    case "task":
    case "wait":
    case "retry":
      return false;
    default:
      return phase satisfies never;
  }
}
