import { mapRunKey } from "./effects.ts";
import { childId } from "./fan-out.ts";
import { currentVisit, fanOutOf, type OpenTask, type Scope, visitOf } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** Ends the children of a Parallel or Map after `failed` did. */
export function abortChildren(turn: Turn, parent: Scope, failed: Scope | null): void {
  const fanOut = fanOutOf(parent.phase);
  if (fanOut === null) return;
  if (fanOut.kind === "mapRun") {
    turn.effects.push({ kind: "cancelChildren", key: mapRunKey(turn.state, parent, fanOut) });
    return;
  }
  for (const index of Object.keys(fanOut.open)) {
    const child = turn.state.scopes[childId(fanOut, index)];
    if (child === undefined) continue;
    const isFailed = child === failed;
    // AWS: of a failed iteration only its failure is told, of a failed branch also the end of its state.
    if (isFailed && fanOut.kind === "map") continue;
    if (isFailed && visitOf(child.phase)?.type === "Fail") continue;
    abort(turn, child);
    if (fanOut.kind !== "map") continue;
    emit(turn, parent, { type: "MapIterationAborted", state: currentVisit(parent).state, index: child.index });
  }
}

/** Ends the state a scope is in, innermost first. */
export function abort(turn: Turn, scope: Scope): void {
  abortChildren(turn, scope, null);
  const visit = visitOf(scope.phase);
  if (visit === null || scope.phase.at === "aborted") return;
  if (scope.phase.at === "task") cancel(turn, turn.state.tasks[scope.phase.task]);
  if (scope.phase.at === "fanOut" && scope.phase.fanOut.kind === "mapRun") {
    emit(turn, scope, { type: "MapRunAborted", state: visit.state });
  }
  emit(turn, scope, { type: `${visit.type}StateAborted`, state: visit.state });
}

/** Calls off everything under way, without events: the run ends with the next one. */
export function cancelEverything(turn: Turn): void {
  for (const task of Object.values(turn.state.tasks)) cancel(turn, task);
  for (const scope of Object.values(turn.state.scopes)) {
    const fanOut = fanOutOf(scope.phase);
    if (fanOut?.kind === "mapRun" && fanOut.openCount > 0) abortChildren(turn, scope, null);
  }
}

export function cancel(turn: Turn, task: OpenTask | undefined): void {
  if (task === undefined) return;
  const { key, resource, reviewId } = task;
  turn.effects.push({ kind: "cancelTask", key, resource, ...(reviewId !== undefined && { reviewId }) });
}
