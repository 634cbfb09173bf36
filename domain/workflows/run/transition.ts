import type { Json, JsonObject } from "../../kernel/json.ts";
import type { Catcher, MapState, ParallelState, PassState, State, TaskState } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateAssign, evaluatePathField, evaluateTemplate, placeResult } from "../expression/evaluate.ts";
import { MAX_JSON_DEPTH } from "../expression/json-depth.ts";
import type { StateEntered, StateExited } from "./event.ts";
import { MAX_HELD_CHARACTERS } from "./holding.ts";
import { charactersOf, payloadFault } from "./payload.ts";
import type { Scope, Visit } from "./state.ts";
import { definitionOf, emit, evaluationScope, type Turn } from "./turn.ts";

/** Warn when this share of the journal is used. */
const WARNING_SHARE = 0.8;

export function enter(turn: Turn, scope: Scope, name: string, input: Json): void {
  const { state } = turn;
  turn.budget--;
  if (!state.warned && state.seq >= WARNING_SHARE * state.limits.maxEvents) {
    const limit = state.limits.maxEvents;
    emit(turn, scope, { type: "RunHistoryWarning", limit, guidance: guidance(limit) });
  }
  const type: StateEntered["type"] = `${definitionOf(turn, scope, name).type}StateEntered`;
  emit(turn, scope, { type, state: name, input });
  turn.written += scope.held.value;
}

/** AWS gives the same advice: a long job goes on in a new execution before its history is full. */
function guidance(limit: number): string {
  return `The run fails at event ${limit}. Let it go on in a new one: start that with weft:run:start and what is left to do as its input, then end this run.`;
}

export interface Exit {
  readonly output: Json;
  readonly assigned: JsonObject | null;
  readonly next: string | null;
}

export function leave(turn: Turn, scope: Scope, visit: Visit, { output, assigned, next }: Exit): void {
  if (output !== visit.input) requireSize(turn, visit.state, output);
  if (assigned !== null) requireSize(turn, visit.state, assigned);
  const type = `${visit.type}StateExited` as StateExited["type"];
  emit(turn, scope, {
    type,
    state: visit.state,
    output,
    ...(assigned !== null && { assigned }),
    ...(next !== null && { next }),
  });
  turn.written += scope.held.value + (assigned === null ? 0 : charactersOf(assigned));
}

/** Keeps the run within its isolate's memory. What the state's own work holds does not count: it goes when the state is left. */
export function requireRoom({ state }: Turn, { held }: Scope, subject: string): void {
  const error = lackOfRoom(state.held - held.work, subject);
  if (error !== null) throw error;
}

/** Why a run that holds so much may not go on with a state; `null` where it may. */
export function lackOfRoom(held: number, subject: string): StateError | null {
  if (held <= MAX_HELD_CHARACTERS) return null;
  const cause = `The state '${subject}' cannot go on: the inputs, results and variables that the run holds at once exceed ${MAX_HELD_CHARACTERS} characters.`;
  return new StateError("States.DataLimitExceeded", cause, false);
}

export function requireSize(
  turn: Turn,
  subject: string,
  value: Json,
  maxBytes = turn.state.limits.maxPayloadBytes,
): void {
  const cause = limitExceeded(subject, value, maxBytes);
  if (cause !== null) throw new StateError("States.DataLimitExceeded", cause, false);
}

/** The cause of a States.DataLimitExceeded; `null` where the value is within the limits. */
export function limitExceeded(subject: string, value: Json, maxBytes: number): string | null {
  switch (payloadFault(value, maxBytes)) {
    case null:
      return null;
    case "too-large":
      return `The state/task '${subject}' returned a result with a size exceeding the maximum number of bytes service limit.`;
    case "too-deep":
      return `The state/task '${subject}' returned a result that is nested deeper than ${MAX_JSON_DEPTH} levels.`;
  }
}

/** Leaves a state whose work gave `result`: ResultSelector, ResultPath, OutputPath and Assign, or Output and Assign. */
export async function complete(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: PassState | TaskState | ParallelState | MapState,
  result: Json,
): Promise<void> {
  const exit =
    definition.queryLanguage === "JSONata"
      ? await jsonataExit(turn, scope, visit, definition, result)
      : await jsonPathExit(turn, scope, visit, definition, result);
  leave(turn, scope, visit, { ...exit, next: definition.next });
}

type Outcome = Omit<Exit, "next">;

async function jsonPathExit(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: PassState | TaskState | ParallelState | MapState,
  result: Json,
): Promise<Outcome> {
  const evaluation = evaluationScope(turn, scope, visit, result);
  const selector = "resultSelector" in definition ? definition.resultSelector : null;
  const selected = selector === null ? result : await evaluateTemplate(selector, evaluation, turn.chance);
  const placed = placeResult(visit.input, definition.resultPath, selected);
  const output = evaluatePathField(
    definition.outputPath,
    evaluationScope(turn, scope, visit, placed, { work: evaluation.work }),
  );
  const assigned = definition.assign === null ? null : await evaluateAssign(definition.assign, evaluation, turn.chance);
  return { output, assigned };
}

async function jsonataExit(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: PassState | TaskState | ParallelState | MapState,
  result: Json,
): Promise<Outcome> {
  if (definition.output === null && definition.assign === null) return { output: result, assigned: null };
  const more = definition.type === "Pass" ? {} : { result };
  return await jsonataOutcome(turn, scope, visit, definition, result, more);
}

/** Output and Assign of a state, a Choice rule or a Catcher; both see the variables as they were. */
export async function jsonataOutcome(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  { output, assign }: Pick<Catcher, "output" | "assign">,
  unchanged: Json,
  more: { result?: Json; errorOutput?: Json } = {},
): Promise<Outcome> {
  if (output === null && assign === null) return { output: unchanged, assigned: null };
  const evaluation = evaluationScope(turn, scope, visit, visit.input, more);
  return {
    output: output === null ? unchanged : await evaluateTemplate(output, evaluation, turn.chance),
    assigned: assign === null ? null : await evaluateAssign(assign, evaluation, turn.chance),
  };
}

/** InputPath; JSONata has none. */
export function effectiveInput(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: Exclude<State, { readonly type: "Fail" }>,
): Json {
  if (definition.queryLanguage === "JSONata") return visit.input;
  return evaluatePathField(definition.inputPath, evaluationScope(turn, scope, visit, visit.input));
}
