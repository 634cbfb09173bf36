import type { Json, JsonObject } from "../../kernel/json.ts";
import { isoTime } from "../../kernel/time.ts";
import type { Machine, State, StateScope } from "../definition/machine.ts";
import type { Chance, EvaluationScope } from "../expression/scope.ts";
import { type Tally, Work } from "../expression/work.ts";
import type { Effect } from "./effects.ts";
import type { Failure, Plan, RunEvent, RunEventBody } from "./event.ts";
import { amend, evolve } from "./evolve.ts";
import { fanOutOf, ROOT, type RunState, type Scope, type Visit } from "./state.ts";

/** One decision while it is being made. */
export interface Turn {
  readonly machine: Machine;
  state: RunState;
  readonly chance: Chance;
  /** The clock, read once: a decision happens in one instant. */
  readonly now: number;
  readonly events: RunEvent[];
  readonly effects: Effect[];
  /** Ids of scopes that may be able to go on. */
  readonly queue: string[];
  /** States that may still be entered before the decision must end. */
  budget: number;
  /** Characters of the values that its events carry. */
  written: number;
  /** What expressions have cost so far. */
  readonly tally: Tally;
  /** `$$.Execution`, built when first asked for. */
  execution: JsonObject | null;
  /** `now` as the context object shows it, written when first asked for. */
  nowText: string | null;
  /** Takes the place of the context object in a test of one state. */
  context: JsonObject | null;
  /** What became of the last failure: told by a test of one state. */
  handled: Handled | null;
}

export interface Handled {
  readonly failure: Failure;
  readonly by: "retrier" | "catcher" | null;
  readonly index: number;
  readonly delayMs: number;
}

export function newTurn(machine: Machine, state: RunState, chance: Chance, budget: number): Turn {
  const now = chance.now().getTime();
  const caches = { execution: null, nowText: null, context: null, handled: null };
  const tally = { steps: 0 };
  return { machine, state, chance, now, events: [], effects: [], queue: [], budget, written: 0, tally, ...caches };
}

/** A quarter of a second of expressions, after which other runs of the isolate have their turn. */
const MAX_TURN_STEPS = 100_000;
/** The events of a decision are written as one text. */
const MAX_TURN_CHARACTERS = 4_000_000;

/** Whether the decision must end here, and go on in another. */
export function isSpent(turn: Turn): boolean {
  return turn.budget <= 0 || isTired(turn);
}

export function isTired({ tally, written }: Turn): boolean {
  return tally.steps >= MAX_TURN_STEPS || written >= MAX_TURN_CHARACTERS;
}

/** Thrown by emit() when the journal has room for the closing event only. */
export class HistoryFull extends Error {}

const TERMINAL = new Set(["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"]);

export function emit(turn: Turn, scope: Pick<Scope, "id" | "last">, body: RunEventBody): RunEvent {
  const { state } = turn;
  if (state.seq + 1 >= state.limits.maxEvents && !TERMINAL.has(body.type)) throw new HistoryFull();
  const event: RunEvent = {
    seq: state.seq + 1,
    at: turn.now,
    previousEventId: scope.last,
    scope: scope.id,
    ...body,
  };
  turn.events.push(event);
  evolve(state, event);
  return event;
}

/** Journals what has no event type of its own: on the event just emitted, or else on an event of ours. */
export function plan(turn: Turn, scope: Scope, what: Plan): void {
  const event = turn.events.at(-1) ?? emit(turn, scope, { type: "RunPlanned" });
  amend(turn.state, event, what);
}

export function rootScope(state: RunState): Scope {
  return loadScope(state, ROOT);
}

export function loadScope(state: RunState, id: string): Scope {
  const scope = state.scopes[id];
  if (scope === undefined) throw new Error(`no scope ${id}`);
  return scope;
}

/** The definition of the state a scope stays in. */
export function definitionOf(turn: Turn, scope: Scope, name: string): State {
  const definition = statesOf(turn, scope).states.get(name);
  if (definition === undefined) throw new Error(`the definition has no state '${name}' in scope ${scope.id}`);
  return definition;
}

export function statesOf(turn: Turn, scope: Scope): StateScope {
  if (scope.parent === null) return turn.machine;
  const parent = loadScope(turn.state, scope.parent);
  const { phase } = parent;
  const owner = "visit" in phase && phase.visit !== null ? definitionOf(turn, parent, phase.visit.state) : null;
  if (owner?.type === "Map") return owner.itemProcessor;
  const branch = owner?.type === "Parallel" ? owner.branches[scope.index] : undefined;
  if (branch === undefined) throw new Error(`scope ${scope.id} belongs to no Parallel or Map`);
  return branch;
}

interface More {
  result?: Json;
  errorOutput?: Json;
  token?: string;
  item?: { index: number; value: Json };
  work?: Work;
}

/** What an expression of the current state may look at; `input` is what `$` means in the field at hand. */
export function evaluationScope(turn: Turn, scope: Scope, visit: Visit, input: Json, more: More = {}): EvaluationScope {
  return new StateEvaluation(turn, scope, visit, input, more);
}

/** Most expressions never look at the context object, so it is built for the first that does. */
class StateEvaluation implements EvaluationScope {
  readonly input: Json;
  readonly variables: JsonObject;
  readonly result?: Json;
  readonly errorOutput?: Json;
  readonly work: Work;
  readonly #context: () => JsonObject;
  #built: JsonObject | null = null;

  constructor(turn: Turn, scope: Scope, visit: Visit, input: Json, more: More) {
    this.input = input;
    this.variables = variablesOf(turn.state, scope);
    if (more.result !== undefined) this.result = more.result;
    if (more.errorOutput !== undefined) this.errorOutput = more.errorOutput;
    this.work = more.work ?? new Work(turn.tally);
    this.#context = () => contextObject(turn, scope, visit, more.token, more.item);
  }

  get context(): JsonObject {
    this.#built ??= this.#context();
    return this.#built;
  }
}

function contextObject(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  token: string | undefined,
  item: { index: number; value: Json } | undefined,
): JsonObject {
  const { state } = turn;
  if (turn.context !== null) return item === undefined ? turn.context : { ...turn.context, ...mapObject(item) };
  turn.execution ??= executionObject(state);
  const context: JsonObject = {
    Execution: turn.execution,
    StateMachine: { Id: state.stateMachine.id, Name: state.stateMachine.name },
    State: stateObject(turn, visit),
  };
  if (token !== undefined) context.Task = { Token: token };
  const current = item ?? itemOf(state, scope);
  return current === null ? context : Object.assign(context, mapObject(current));
}

function mapObject({ index, value }: { index: number; value: Json }): JsonObject {
  return { Map: { Item: { Index: index, Value: value } } };
}

/** AWS: RetryCount is told where a state can retry. */
function stateObject(turn: Turn, { state, type, enteredAt, retries }: Visit): JsonObject {
  // Most states are left in the instant they were entered; writing a time costs more than the rest of this object.
  turn.nowText ??= isoTime(turn.now);
  const object: JsonObject = { EnteredTime: enteredAt === turn.now ? turn.nowText : isoTime(enteredAt), Name: state };
  if (type === "Task" || type === "Parallel" || type === "Map") {
    object.RetryCount = retries.reduce((sum, count) => sum + count, 0);
  }
  return object;
}

function executionObject(state: RunState): JsonObject {
  const execution: JsonObject = {
    Id: state.executionId ?? state.runId,
    Input: state.input,
    Name: state.name,
    RoleArn: state.roleArn,
    StartTime: isoTime(state.startedAt),
  };
  if (state.machineType === "STANDARD") execution.RedriveCount = state.redrives;
  if (state.redrivenAt !== undefined) execution.RedriveTime = isoTime(state.redrivenAt);
  return execution;
}

/** The item of the innermost Map iteration around a scope. */
function itemOf(state: RunState, scope: Scope): { index: number; value: Json } | null {
  for (let at = scope; at.parent !== null; at = loadScope(state, at.parent)) {
    const fanOut = fanOutOf(loadScope(state, at.parent).phase);
    if (fanOut?.kind === "map") return { index: at.index, value: fanOut.items[at.index] ?? null };
  }
  return null;
}

/** Inner variables hide outer ones; the outer ones stand still while their state runs. */
function variablesOf(state: RunState, scope: Scope): JsonObject {
  if (scope.parent === null) return scope.variables;
  const outer = variablesOf(state, loadScope(state, scope.parent));
  return { ...outer, ...scope.variables };
}
