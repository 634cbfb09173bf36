import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { isoTime } from "../../kernel/time.ts";
import type { Diagnostic } from "../definition/diagnostic.ts";
import type { Machine, State, StateScope } from "../definition/machine.ts";
import { parseDefinition } from "../definition/parse.ts";
import type { Chance } from "../expression/scope.ts";
import { drain } from "./advance.ts";
import { innerScopes } from "./child-run.ts";
import { DEFAULT_LIMITS, type Failure, type RunEvent, type StateExited } from "./event.ts";
import { evolve } from "./evolve.ts";
import { inspect } from "./inspect.ts";
import { currentVisit, fanOutOf, initialState, ROOT, type Scope } from "./state.ts";
import type { TestStateRequest } from "./test-state-request.ts";
import { newTurn, rootScope, type Turn } from "./turn.ts";

// TestState of Step Functions: one state is entered, its work is answered by a mock (or by the caller), and what it
// does next is told instead of done.

export type TestStateAnswer =
  | { readonly kind: "invalid"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "refused"; readonly pointer: "/definition" | "/mock"; readonly reason: string }
  /** No mock was given: do this, then ask again with its outcome as the mock. */
  | { readonly kind: "task"; readonly resource: string; readonly input: Json }
  | { readonly kind: "tested"; readonly result: TestedState };

export interface TestedState {
  readonly status: "SUCCEEDED" | "FAILED" | "RETRIABLE" | "CAUGHT_ERROR";
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly nextState?: string;
  readonly inspectionData?: JsonObject;
}

/** AWS: what `$$.State.Name` says in a test. */
const STATE_NAME = "StateName";

export async function testState(request: TestStateRequest, chance: Chance): Promise<TestStateAnswer> {
  const isMachine = isJsonObject(request.definition) && Object.hasOwn(request.definition, "States");
  const { machine, diagnostics } = parseDefinition(isMachine ? request.definition : asMachine(request.definition));
  if (machine === null) return { kind: "invalid", diagnostics };
  const name = isMachine ? (request.stateName ?? machine.startAt) : STATE_NAME;
  const home = findScope(machine, name);
  const definition = home?.states.get(name);
  if (home === null || definition === undefined) return refused("/definition", `There is no state '${name}'.`);
  const { type } = definition;
  const hasChildren = type === "Map" || type === "Parallel";
  if (hasChildren && request.mock === undefined) {
    return refused("/definition", `A ${type} state can only be tested with a mock.`);
  }
  // AWS, TestState: a mock is for Task, Map and Parallel.
  if (!hasChildren && type !== "Task" && request.mock !== undefined) {
    return refused("/mock", `A ${type} state does no work that a mock could stand for.`);
  }
  const turn = beginTest({ ...machine, ...home, startAt: name }, definition, request, chance);
  turn.queue.push(ROOT);
  await drain(turn);
  const scope = rootScope(turn.state);
  if (scope.phase.at === "wait") await drain({ ...turn, now: scope.phase.until, queue: [ROOT] });
  const fanOut = fanOutOf(scope.phase);
  if (isAtWork(scope)) {
    if (request.mock === undefined) return { kind: "task", ...openTask(turn) };
    setRetries(scope, definition, request);
    answerWithMock(scope, request);
    turn.tally.steps = 0;
    turn.queue.push(ROOT);
    await drain(turn);
  }
  const result = outcome(turn);
  if ((request.inspectionLevel ?? "INFO") === "INFO") return { kind: "tested", result };
  const inspectionData = await inspect(turn, definition, request, fanOut);
  return { kind: "tested", result: { ...result, inspectionData } };
}

function refused(pointer: "/definition" | "/mock", reason: string): TestStateAnswer {
  return { kind: "refused", pointer, reason };
}

/** Wraps one state into a machine in which every state it names exists. */
function asMachine(definition: Json): Json {
  if (!isJsonObject(definition)) return definition;
  const states: JsonObject = { [STATE_NAME]: definition };
  for (const target of targets(definition)) states[target] ??= { Type: "Succeed" };
  return { StartAt: STATE_NAME, States: states };
}

function targets({ Next, Default, Choices, Catch }: JsonObject): string[] {
  const inner = [Choices, Catch].flatMap((list) => (Array.isArray(list) ? list.filter(isJsonObject) : []));
  return [Next, Default, ...inner.map((rule) => rule.Next)].filter((target) => typeof target === "string");
}

function findScope(scope: StateScope, name: string): StateScope | null {
  if (scope.states.has(name)) return scope;
  for (const state of scope.states.values()) {
    for (const inner of innerScopes(state)) {
      const found = findScope(inner, name);
      if (found !== null) return found;
    }
  }
  return null;
}

function beginTest(machine: Machine, definition: State, request: TestStateRequest, chance: Chance): Turn {
  const turn = newTurn(machine, initialState(), chance, 1);
  evolve(turn.state, {
    seq: 1,
    at: turn.now,
    previousEventId: 0,
    scope: ROOT,
    type: "ExecutionStarted",
    input: request.input,
    runId: "test",
    name: "test",
    roleArn: request.roleArn ?? "",
    stateMachine: { id: "test", name: "test" },
    machineType: "EXPRESS",
    limits: DEFAULT_LIMITS,
    startAt: machine.startAt,
  });
  rootScope(turn.state).variables = { ...request.variables };
  turn.context = request.context ?? defaultContext(turn, definition, request);
  return turn;
}

function defaultContext(turn: Turn, { type }: State, { input, roleArn, configuration }: TestStateRequest): JsonObject {
  const now = isoTime(turn.now);
  const canRetry = type === "Task" || type === "Parallel" || type === "Map";
  return {
    Execution: {
      Id: turn.chance.uuid(),
      Input: input,
      Name: turn.chance.uuid(),
      RoleArn: roleArn ?? null,
      StartTime: now,
    },
    StateMachine: { Id: turn.chance.uuid(), Name: turn.chance.uuid() },
    State: {
      EnteredTime: now,
      Name: STATE_NAME,
      ...(canRetry && { RetryCount: configuration?.retrierRetryCount ?? 0 }),
    },
  };
}

function isAtWork({ phase }: Scope): boolean {
  return phase.at === "task" || phase.at === "fanOut";
}

function openTask({ state }: Turn): { resource: string; input: Json } {
  const [task] = Object.values(state.tasks);
  return { resource: task?.resource ?? "", input: task?.input ?? null };
}

function setRetries({ phase }: Scope, definition: State, { configuration }: TestStateRequest): void {
  const count = configuration?.retrierRetryCount;
  if (count === undefined || !("retry" in definition) || !("visit" in phase) || phase.visit === null) return;
  phase.visit.retries = definition.retry.map(() => count);
}

function answerWithMock(scope: Scope, { mock, configuration }: TestStateRequest): void {
  const failures = configuration?.mapIterationFailureCount ?? 0;
  if (mock === undefined) return;
  if ("failure" in mock) settle(scope, { at: "failed", failure: mock.failure });
  else if (exceeds(scope, failures)) settle(scope, { at: "failed", failure: EXCEEDED });
  else settle(scope, { at: "result", result: mock.result });
}

const EXCEEDED: Failure = {
  error: "States.ExceedToleratedFailureThreshold",
  cause: "The specified tolerated failure threshold was exceeded",
};

/** A mocked result stands for a Map that tolerates everything, unless it says how much it does. */
function exceeds({ phase }: Scope, failures: number): boolean {
  const fanOut = fanOutOf(phase);
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = fanOut?.mapRun?.settings ?? {};
  if (count !== undefined && failures > count) return true;
  const total = fanOut?.items.length ?? 0;
  return percentage !== undefined && total > 0 && (100 * failures) / total > percentage;
}

type Settled = { at: "failed"; failure: Failure } | { at: "result"; result: Json };

/** The work did not happen, so no event tells its end. */
function settle(scope: Scope, settled: Settled): void {
  const fanOut = fanOutOf(scope.phase);
  scope.phase = { ...settled, visit: currentVisit(scope), ...(fanOut !== null && { fanOut }) };
}

function outcome({ state, events, handled }: Turn): TestedState {
  const exit = events.findLast((event): event is Extract<RunEvent, StateExited> => event.type.endsWith("StateExited"));
  if (exit === undefined) return { status: handled?.by === "retrier" ? "RETRIABLE" : "FAILED", ...handled?.failure };
  const next = exit.next === undefined ? {} : { nextState: exit.next };
  const status = handled?.by === "catcher" ? "CAUGHT_ERROR" : "SUCCEEDED";
  return { status, output: state.output ?? exit.output, ...next, ...(status === "CAUGHT_ERROR" && handled?.failure) };
}
