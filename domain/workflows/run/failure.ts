import { SECOND_MS } from "../../kernel/time.ts";
import type { Catcher, MapState, ParallelState, Retrier, State, TaskState } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateAssign, placeResult } from "../expression/evaluate.ts";
import { abortChildren, cancelEverything } from "./abort.ts";
import type { Failure } from "./event.ts";
import { isCatchable, matches } from "./matching.ts";
import { currentVisit, fanOutOf, type Scope, type Visit } from "./state.ts";
import { type Exit, jsonataOutcome, leave } from "./transition.ts";
import { definitionOf, emit, evaluationScope, loadScope, plan, rootScope, type Turn } from "./turn.ts";

type Work = TaskState | ParallelState | MapState;

/** A state could not be evaluated. */
export async function raise(turn: Turn, scope: Scope, error: StateError): Promise<void> {
  await fail(turn, scope, evaluationFailure(turn, scope, error), false);
}

/** AWS has an event for JSONata errors only; and a test of one state, having no history, names no event in its causes. */
function evaluationFailure(turn: Turn, scope: Scope, error: StateError): Failure {
  const visit = currentVisit(scope);
  const failure = { error: error.error, cause: turn.context === null ? causeOf(error, visit) : error.causeText };
  if (error.error === "States.QueryEvaluationError") {
    emit(turn, scope, { type: "EvaluationFailed", state: visit.state, ...failure });
  }
  return failure;
}

export function causeOf(error: StateError, visit: Visit): string {
  if (!error.prefixed) return error.causeText;
  return `An error occurred while executing the state '${visit.state}' (entered at the event id #${visit.entered}). ${error.causeText}`;
}

/** Takes a failure outwards until a state retries or catches it, or the run has failed. */
export async function fail(turn: Turn, from: Scope, first: Failure, isHeartbeat: boolean): Promise<void> {
  let scope = from;
  let failure = first;
  if (from.phase.at === "fanOut") abortChildren(turn, from, null);
  for (;;) {
    const visit = currentVisit(scope);
    const definition = definitionOf(turn, scope, visit.state);
    if (isWork(definition) && isCatchable(failure)) {
      if (hasRetry(turn, scope, visit, definition, failure, isHeartbeat)) return;
      const outcome = await catchFailure(turn, scope, visit, definition, failure, isHeartbeat);
      if (outcome === "caught") {
        turn.queue.push(scope.id);
        return;
      }
      failure = outcome;
    }
    if (!isCatchable(failure)) break;
    tellFailure(turn, scope, visit, failure);
    if (scope.parent === null) break;
    const parent = loadScope(turn.state, scope.parent);
    abortChildren(turn, parent, scope);
    if (fanOutOf(parent.phase)?.kind === "map") {
      const state = currentVisit(parent).state;
      emit(turn, parent, { type: "MapIterationFailed", state, index: scope.index, ...failure });
    }
    scope = parent;
  }
  cancelEverything(turn);
  turn.handled = { failure, by: null, index: -1, delayMs: 0 };
  emit(turn, rootScope(turn.state), { type: "ExecutionFailed", ...failure });
}

function isWork(definition: State): definition is Work {
  return definition.type === "Task" || definition.type === "Parallel" || definition.type === "Map";
}

/** ASL: the first retrier that matches decides; when it is exhausted, later ones are not asked. */
function hasRetry(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: Work,
  failure: Failure,
  isHeartbeat: boolean,
): boolean {
  const index = definition.retry.findIndex((retrier) => matches(retrier.errorEquals, failure, isHeartbeat));
  const retrier = definition.retry[index];
  const made = visit.retries[index] ?? 0;
  if (retrier === undefined || made >= retrier.maxAttempts) return false;
  const delay = delayMs(retrier, made + 1, turn);
  const at = turn.now + Math.round(delay);
  turn.handled = { failure, by: "retrier", index, delayMs: delay };
  plan(turn, scope, { kind: "retry", scope: scope.id, retrier: index, at });
  turn.queue.push(scope.id);
  return true;
}

function delayMs(retrier: Retrier, attempt: number, turn: Turn): number {
  const backoff = retrier.intervalSeconds * retrier.backoffRate ** (attempt - 1);
  const delay = Math.min(backoff, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY, MAX_DELAY_SECONDS) * SECOND_MS;
  return retrier.jitterStrategy === "FULL" ? delay * turn.chance.random() : delay;
}

/** ASL: MaxDelaySeconds is below 366 days; a backoff without one must not run past what a clock can hold. */
const MAX_DELAY_SECONDS = 31_622_400;

/** Only states with children have an event for it. */
function tellFailure(turn: Turn, scope: Scope, { type, state }: Visit, failure: Failure): void {
  if (type !== "Parallel" && type !== "Map") return;
  emit(turn, scope, { type: `${type}StateFailed`, state, ...failure });
}

/** An error in the Catcher's own fields is a failure of the state that its Retry and Catch do not see again. */
async function catchFailure(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: Work,
  failure: Failure,
  isHeartbeat: boolean,
): Promise<"caught" | Failure> {
  const index = definition.catch.findIndex(({ errorEquals }) => matches(errorEquals, failure, isHeartbeat));
  const catcher = definition.catch[index];
  if (catcher === undefined) return failure;
  // As recorded on AWS: JSONPath tells that the state failed and then that it was left, JSONata only the latter.
  if (definition.queryLanguage === "JSONPath") tellFailure(turn, scope, visit, failure);
  try {
    leave(turn, scope, visit, await caughtExit(turn, scope, visit, definition, catcher, failure));
    turn.handled = { failure, by: "catcher", index, delayMs: 0 };
    return "caught";
  } catch (error) {
    if (error instanceof StateError) return evaluationFailure(turn, scope, error);
    throw error;
  }
}

async function caughtExit(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: Work,
  catcher: Catcher,
  { error, cause }: Failure,
): Promise<Exit> {
  // As recorded on AWS: nulls where the failure named nothing at all, an empty Cause where it named an error only.
  const isNameless = error === undefined && cause === undefined;
  const errorOutput = isNameless ? { Error: null, Cause: null } : { Error: error ?? "", Cause: cause ?? "" };
  if (definition.queryLanguage === "JSONata") {
    const outcome = await jsonataOutcome(turn, scope, visit, catcher, errorOutput, { errorOutput });
    return { ...outcome, next: catcher.next };
  }
  const evaluation = evaluationScope(turn, scope, visit, errorOutput);
  return {
    output: placeResult(visit.input, catcher.resultPath, errorOutput),
    assigned: catcher.assign === null ? null : await evaluateAssign(catcher.assign, evaluation, turn.chance),
    next: catcher.next,
  };
}
