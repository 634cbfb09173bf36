import type { Json, JsonObject } from "../../kernel/json.ts";
import { SECOND_MS } from "../../kernel/time.ts";
import type { MapState, State } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateTemplate, placeResult } from "../expression/evaluate.ts";
import { Work } from "../expression/work.ts";
import { childRunInput } from "./distributed-map.ts";
import { iterationInput } from "./iteration-input.ts";
import type { FanOut, Scope, Visit } from "./state.ts";
import type { TestStateRequest } from "./test-state-request.ts";
import { effectiveInput } from "./transition.ts";
import { evaluationScope, rootScope, type Turn } from "./turn.ts";

/** The values between the steps of a tested state. Which of them are told, by type and language, is as recorded on AWS. */
export async function inspect(
  turn: Turn,
  definition: State,
  request: TestStateRequest,
  fanOut: FanOut | null,
): Promise<JsonObject> {
  const data: JsonObject = { input: request.input };
  const visit = visitFrom(turn, definition, request);
  const scope = rootScope(turn.state);
  // AWS: as they are after the state, those that came with the test and those it assigned.
  const { variables } = scope;
  if (request.variables !== undefined || Object.keys(variables).length > 0) data.variables = variables;
  if (definition.queryLanguage === "JSONPath") await inspectPaths(turn, scope, visit, definition, request, data);
  const scheduled = turn.events.find((event) => event.type.endsWith("Scheduled"));
  if (scheduled !== undefined && "input" in scheduled) {
    data[definition.queryLanguage === "JSONata" ? "afterArguments" : "afterParameters"] = scheduled.input as Json;
  }
  const { mock } = request;
  if (definition.type === "Task" && mock !== undefined && "result" in mock && turn.handled === null) {
    data.result = mock.result;
  }
  if (definition.type === "Map") await inspectMap(turn, scope, visit, definition, data, fanOut);
  const { handled } = turn;
  if (handled?.by === "catcher") data.errorDetails = { catchIndex: handled.index };
  if (handled?.by === "retrier") {
    const retryBackoffIntervalSeconds = handled.delayMs / SECOND_MS;
    data.errorDetails = { retryIndex: handled.index, retryBackoffIntervalSeconds };
  }
  return data;
}

function visitFrom(turn: Turn, { name, type }: State, { input }: TestStateRequest): Visit {
  return { state: name, type, entered: 2, enteredAt: turn.now, input, retries: [] };
}

async function inspectPaths(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: State,
  { mock }: TestStateRequest,
  data: JsonObject,
): Promise<void> {
  if (definition.type === "Fail") data.afterInputPath = visit.input;
  if (definition.type === "Fail") return;
  await told(async () => {
    const input = effectiveInput(turn, scope, visit, definition);
    const hasResult = definition.type === "Pass" && definition.result !== null;
    if (!hasResult && definition.type !== "Parallel") data.afterInputPath = input;
    if (definition.type === "Pass") {
      const result = await passResult(turn, scope, visit, definition, input);
      data[hasResult ? "result" : "afterParameters"] = result;
      data.afterResultSelector = result;
      data.afterResultPath = placeResult(visit.input, definition.resultPath, result);
    }
    const isWork = definition.type === "Task" || definition.type === "Parallel" || definition.type === "Map";
    if (!isWork || mock === undefined || !("result" in mock) || turn.handled !== null) return;
    const { result } = mock;
    const { resultSelector } = definition;
    const evaluation = evaluationScope(turn, scope, visit, result);
    const selected = resultSelector === null ? result : await evaluateTemplate(resultSelector, evaluation, turn.chance);
    data.afterResultSelector = selected;
    data.afterResultPath = placeResult(visit.input, definition.resultPath, selected);
  });
}

async function passResult(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  { result, parameters }: Extract<State, { type: "Pass" }>,
  input: Json,
): Promise<Json> {
  if (result !== null) return result.value;
  if (parameters === null) return input;
  return await evaluateTemplate(parameters, evaluationScope(turn, scope, visit, input), turn.chance);
}

async function inspectMap(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: MapState,
  data: JsonObject,
  fanOut: FanOut | null,
): Promise<void> {
  const started = turn.events.find((event) => event.type === "MapStateStarted");
  if (started?.type === "MapStateStarted") data.maxConcurrency = started.maxConcurrency;
  const run = turn.events.find((event) => event.type === "MapRunStarted");
  if (run?.type === "MapRunStarted") {
    const { toleratedFailureCount, toleratedFailurePercentage } = run.settings;
    if (toleratedFailureCount !== undefined) data.toleratedFailureCount = toleratedFailureCount;
    if (toleratedFailurePercentage !== undefined) data.toleratedFailurePercentage = toleratedFailurePercentage;
  }
  if (fanOut === null || definition.reader !== null) return;
  if (definition.queryLanguage === "JSONPath") data.afterItemsPath = fanOut.items;
  await told(async () => {
    if (definition.itemSelector !== null) data.afterItemSelector = await selectedItems(turn, scope, visit, fanOut);
    if (definition.batcher !== null) data.afterItemBatcher = await batches(turn, scope, visit, fanOut);
  });
}

async function batches(turn: Turn, scope: Scope, visit: Visit, fanOut: FanOut): Promise<Json[]> {
  const inputs: Json[] = [];
  for (let index = 0; index < fanOut.total; index++) {
    inputs.push(await childRunInput(turn, scope, visit, fanOut, index));
  }
  return inputs;
}

async function selectedItems(turn: Turn, scope: Scope, visit: Visit, fanOut: FanOut): Promise<Json[]> {
  const items: Json[] = [];
  const work = new Work(turn.tally);
  for (let index = 0; index < fanOut.items.length; index++) {
    items.push(await iterationInput(turn, scope, visit, fanOut, index, work));
  }
  return items;
}

/** A value that cannot be computed is what the test's failure is about; the others are still told. */
async function told(compute: () => Promise<void>): Promise<void> {
  try {
    await compute();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}
