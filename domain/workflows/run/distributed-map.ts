import type { Json } from "../../kernel/json.ts";
import type { MapState } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateTemplate } from "../expression/evaluate.ts";
import type { NumberField } from "../expression/field.ts";
import { evaluateNumber } from "../expression/number-field.ts";
import type { EvaluationScope } from "../expression/scope.ts";
import type { Template } from "../expression/template.ts";
import { Work } from "../expression/work.ts";
import { abortChildren } from "./abort.ts";
import { mapRunEffects } from "./effects.ts";
import type { ChildOutcome, Failure, MapRunChange, MapRunSettings, ReaderSettings, WrittenFile } from "./event.ts";
import { fail } from "./failure.ts";
import { openFanOut } from "./fan-out.ts";
import { iterationInput } from "./iteration-input.ts";
import { exceedsTolerance, openMapRun } from "./map-run.ts";
import { currentVisit, type FanOut, type Scope, type Visit } from "./state.ts";
import { lackOfRoom } from "./transition.ts";
import { definitionOf, emit, evaluationScope, type Turn } from "./turn.ts";

// A distributed Map: read items, cut batches, run children, write results. The outside does the work; what it reports
// comes in as commands.

export async function startDistributed(turn: Turn, scope: Scope, visit: Visit, definition: MapState): Promise<void> {
  const fanOut = openFanOut(scope);
  const evaluation = evaluationScope(turn, scope, visit, fanOut.input);
  const settings = await readSettings(turn, evaluation, definition);
  const reader = await readerSettings(turn, evaluation, definition.reader);
  const batches = reader === null ? await cutBatches(turn, scope, visit, definition, fanOut.items) : null;
  emit(turn, scope, {
    type: "MapRunStarted",
    state: visit.state,
    mapRun: `${turn.state.runId}/${definition.label ?? visit.state}:${turn.chance.uuid()}`,
    settings: { ...settings, ...(reader !== null && !("error" in reader) && { reader }) },
    ...(batches !== null && { batches }),
  });
  if (reader !== null && "error" in reader) await failMapRun(turn, scope, reader);
  else await advanceMapRun(turn, scope, 0);
}

async function readSettings(turn: Turn, evaluation: EvaluationScope, definition: MapState): Promise<MapRunSettings> {
  const { batcher, writer } = definition;
  const number = (field: NumberField | null | undefined) => evaluateOptional(turn, evaluation, field);
  const template = async (value: Template | null) =>
    value === null ? {} : await evaluateTemplate(value, evaluation, turn.chance);
  const count = await number(definition.toleratedFailureCount);
  const percentage = await number(definition.toleratedFailurePercentage);
  const maxItems = await number(batcher?.maxItemsPerBatch);
  const maxInputBytes = await number(batcher?.maxInputBytesPerBatch);
  return {
    executionType: definition.itemProcessor.executionType ?? "STANDARD",
    ...(count !== null && { toleratedFailureCount: count }),
    ...(percentage !== null && { toleratedFailurePercentage: percentage }),
    ...(batcher !== null && {
      batch: {
        ...(maxItems !== null && { maxItems }),
        ...(maxInputBytes !== null && { maxInputBytes }),
        ...(batcher.batchInput !== null && { input: await template(batcher.batchInput) }),
      },
    }),
    ...(writer !== null && {
      writer: {
        resource: writer.resource?.uri ?? "",
        arguments: await template(writer.arguments),
        config: writer.writerConfig,
      },
    }),
  };
}

/** AWS: a reader that cannot be set up fails the map run, not the state before it. */
async function readerSettings(
  turn: Turn,
  evaluation: EvaluationScope,
  reader: MapState["reader"],
): Promise<ReaderSettings | Required<Failure> | null> {
  if (reader === null) return null;
  const { resource, arguments: template, maxItems: limit, ...config } = reader;
  try {
    const maxItems = await evaluateOptional(turn, evaluation, limit);
    return {
      resource: resource.uri,
      arguments: template === null ? {} : await evaluateTemplate(template, evaluation, turn.chance),
      ...(maxItems !== null && { maxItems }),
      ...config,
    };
  } catch (error) {
    if (!(error instanceof StateError) || error.error !== "States.ItemReaderFailed") throw error;
    return { error: error.error, cause: error.causeText };
  }
}

async function evaluateOptional(
  turn: Turn,
  evaluation: EvaluationScope,
  field: NumberField | null | undefined,
): Promise<number | null> {
  return field == null ? null : await evaluateNumber(field, evaluation, turn.chance);
}

/** Index of each batch's first item; null without a batcher. */
async function cutBatches(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: MapState,
  items: Json[],
): Promise<number[] | null> {
  const { batcher } = definition;
  if (batcher === null) return null;
  const fanOut = openFanOut(scope);
  const evaluation = evaluationScope(turn, scope, visit, fanOut.input);
  const maxItems = (await evaluateOptional(turn, evaluation, batcher.maxItemsPerBatch)) || items.length;
  const maxBytes = (await evaluateOptional(turn, evaluation, batcher.maxInputBytesPerBatch)) || 0;
  const batches: number[] = [];
  const work = new Work(turn.tally);
  let bytes = 0;
  let first = 0;
  for (let index = 0; index < items.length; index++) {
    const size =
      maxBytes === 0 ? 0 : byteLength(await iterationInput(turn, scope, visit, { ...fanOut, items }, index, work));
    const isFull = index - first >= maxItems || (maxBytes > 0 && bytes + size > maxBytes);
    if (batches.length === 0 || isFull) {
      batches.push(index);
      first = index;
      bytes = 0;
    }
    bytes += size + 1;
  }
  return batches;
}

function byteLength(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

export async function itemsRead(turn: Turn, scope: Scope, read: readonly Json[]): Promise<void> {
  const visit = currentVisit(scope);
  const definition = definitionOf(turn, scope, visit.state) as MapState;
  const { reader } = openMapRun(openFanOut(scope)).settings;
  const items = reader?.maxItems ? read.slice(0, reader.maxItems) : [...read];
  const batches = await cutBatches(turn, scope, visit, definition, items);
  emit(turn, scope, { type: "RunItemsRead", state: visit.state, items, ...(batches !== null && { batches }) });
  await advanceMapRun(turn, scope, 0);
}

export async function childrenFinished(turn: Turn, scope: Scope, children: readonly ChildOutcome[]): Promise<void> {
  const from = openFanOut(scope).next;
  emit(turn, scope, { type: "RunChildrenFinished", state: currentVisit(scope).state, children });
  await advanceMapRun(turn, scope, from);
}

/** The children that run go on; more begin where there is room for them now. */
export async function mapRunUpdated(turn: Turn, scope: Scope, change: MapRunChange): Promise<void> {
  const fanOut = openFanOut(scope);
  const from = fanOut.next;
  emit(turn, scope, { type: "RunMapRunUpdated", state: currentVisit(scope).state, change });
  if (openMapRun(fanOut).stage === "running") await advanceMapRun(turn, scope, from);
}

/** Children that the store held back begin now. */
export async function resultFileWritten(turn: Turn, scope: Scope, file: WrittenFile): Promise<void> {
  const fanOut = openFanOut(scope);
  const from = fanOut.next;
  const children = openMapRun(fanOut).resultFiles?.full[0]?.children.map(({ index }) => index) ?? [];
  emit(turn, scope, { type: "RunResultFileWritten", state: currentVisit(scope).state, file, children });
  await advanceMapRun(turn, scope, from);
}

export async function resultsWritten(turn: Turn, scope: Scope, output: Json): Promise<void> {
  emit(turn, scope, { type: "RunResultsWritten", state: currentVisit(scope).state, output });
  await advanceMapRun(turn, scope, 0);
}

/** Ends the map run, or asks for what it needs next: of its children, those from index `from` on. */
export async function advanceMapRun(turn: Turn, scope: Scope, from: number): Promise<void> {
  const fanOut = openFanOut(scope);
  const { state } = currentVisit(scope);
  if (exceedsTolerance(fanOut)) {
    await failMapRun(turn, scope, { error: "States.ExceedToleratedFailureThreshold", cause: EXCEEDED });
    return;
  }
  if (openMapRun(fanOut).stage === "done") {
    emit(turn, scope, { type: "MapRunSucceeded", state });
    emit(turn, scope, { type: "MapStateSucceeded", state });
    turn.queue.push(scope.id);
    return;
  }
  const full = lackOfRoom(turn.state.held, state);
  if (full !== null) {
    await failMapRun(turn, scope, { error: full.error, cause: full.causeText });
    return;
  }
  turn.effects.push(...mapRunEffects(turn.state, scope, fanOut, from));
}

const EXCEEDED = "The specified tolerated failure threshold was exceeded";

export async function failMapRun(turn: Turn, scope: Scope, failure: Failure): Promise<void> {
  const { openCount } = openFanOut(scope);
  if (openCount > 0) abortChildren(turn, scope, null);
  emit(turn, scope, { type: "MapRunFailed", state: currentVisit(scope).state, ...failure });
  await fail(turn, scope, failure, false);
}

/** The input of one child run. Deterministic but for chance, so that a child started twice may be told twice. */
export async function childRunInput(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  fanOut: FanOut,
  index: number,
): Promise<Json> {
  const { batches, settings } = openMapRun(fanOut);
  if (batches === null) return await iterationInput(turn, scope, visit, fanOut, index);
  const items: Json[] = [];
  const work = new Work(turn.tally);
  const end = batches[index + 1] ?? fanOut.items.length;
  for (let at = batches[index] ?? end; at < end; at++) {
    items.push(await iterationInput(turn, scope, visit, fanOut, at, work));
  }
  const input = settings.batch?.input;
  return { ...(input !== undefined && { BatchInput: input }), Items: items };
}
