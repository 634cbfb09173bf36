import type { Failure } from "./event.ts";
import { dropChildren } from "./fan-out.ts";
import { hold } from "./holding.ts";
import { openChildren, redriveMapRun } from "./map-run.ts";
import { fanOutOf, type RunState, type RunStatus, type Scope, taskKey, visitOf } from "./state.ts";
import { addTimer } from "./timers.ts";

// What the events of a whole run do: end, resume, redrive, rewind. Only evolve() calls these.

export function end(state: RunState, status: RunStatus, at: number, { error, cause }: Failure): void {
  state.status = status;
  state.stoppedAt = at;
  if (error !== undefined) state.error = error;
  if (cause !== undefined) state.cause = cause;
  state.tasks = {};
  state.timers = [];
  delete state.deadline;
}

export function resume(state: RunState, order: number): void {
  state.status = "running";
  for (const scope of Object.values(state.scopes)) {
    if (scope.phase.at === "retry") {
      addTimer(state, { at: scope.phase.until, kind: "retry", owner: scope.id, order });
    }
    if (scope.phase.at === "fanOut") openChildren(state, scope.phase.fanOut);
  }
}

export function redrive(state: RunState, at: number, redrives: number, deadline: number | undefined): void {
  reopen(state, deadline);
  state.redrives = redrives;
  state.redrivenAt = at;
  const root = state.scopes["0"];
  if (root !== undefined) redriveScope(state, root);
}

/** AWS: what succeeded stays; a state that did not is entered again with its input, inside Parallel and Map each branch by itself. */
function redriveScope(state: RunState, scope: Scope): void {
  const { phase } = scope;
  const fanOut = fanOutOf(phase);
  const visit = visitOf(phase);
  if (visit === null) return;
  if (fanOut === null || phase.at === "result" || hasNothingLeft(fanOut)) {
    dropChildren(state, scope);
    hold(state, scope, "work", 0);
    scope.phase = { at: "next", state: visit.state, input: visit.input };
    return;
  }
  visit.retries = [];
  scope.phase = { at: "fanOut", visit, fanOut };
  if (fanOut.kind === "mapRun") {
    redriveMapRun(state, scope, fanOut);
    return;
  }
  for (const index of Object.keys(fanOut.open)) {
    const child = state.scopes[`${fanOut.id}.${index}`];
    if (child !== undefined) redriveScope(state, child);
  }
}

type Children = NonNullable<ReturnType<typeof fanOutOf>>;

function hasNothingLeft({ kind, openCount, mapRun }: Children): boolean {
  if (kind !== "mapRun") return openCount === 0;
  return mapRun === undefined || mapRun.stage === "reading" || (mapRun.stage === "done" && mapRun.failed === 0);
}

/** `state` is the one the run goes back to. */
export function rewind(state: RunState, seq: number, deadline: number | undefined): void {
  const wasPaused = state.status === "paused";
  reopen(state, deadline);
  state.lineage = seq;
  for (const task of Object.values(state.tasks)) task.key = taskKey(task.scope, task.state, task.id, seq);
  if (wasPaused) resume(state, seq);
}

function reopen(state: RunState, deadline: number | undefined): void {
  state.status = "running";
  delete state.stoppedAt;
  delete state.output;
  delete state.error;
  delete state.cause;
  delete state.deadline;
  if (deadline !== undefined) state.deadline = deadline;
}
