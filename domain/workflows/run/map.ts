import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { MapState } from "../definition/machine.ts";
import { runtimeError } from "../expression/error.ts";
import { evaluateItems } from "../expression/evaluate.ts";
import { evaluateNumber } from "../expression/number-field.ts";
import { startDistributed } from "./distributed-map.ts";
import { childId } from "./fan-out.ts";
import { iterationInput } from "./iteration-input.ts";
import type { FanOut, Scope, Visit } from "./state.ts";
import { effectiveInput, enter, lackOfRoom } from "./transition.ts";
import { definitionOf, emit, evaluationScope, isSpent, loadScope, type Turn } from "./turn.ts";

export async function startMap(turn: Turn, scope: Scope, visit: Visit, definition: MapState): Promise<void> {
  requireDistributed(definition);
  const input = effectiveInput(turn, scope, visit, definition);
  const evaluation = evaluationScope(turn, scope, visit, input);
  const maxConcurrency = await evaluateNumber(definition.maxConcurrency, evaluation, turn.chance);
  const items = definition.reader === null ? await evaluateItems(definition, evaluation, turn.chance) : [];
  emit(turn, scope, {
    type: "MapStateStarted",
    state: visit.state,
    mode: definition.itemProcessor.mode,
    length: items.length,
    maxConcurrency,
    ...storedItems(visit.input, items),
    ...(input !== visit.input && { input }),
  });
  if (definition.itemProcessor.mode === "DISTRIBUTED") await startDistributed(turn, scope, visit, definition);
}

/**
 * Only a map run reads, cuts and writes. A definition that asks for it inline is accepted, as some of AWS's own samples leave the
 * ProcessorConfig out, but iterating over something else would lose the items without a word.
 */
function requireDistributed({ itemProcessor, reader, batcher, writer }: MapState): void {
  if (itemProcessor.mode === "DISTRIBUTED") return;
  const asked = [reader && "ItemReader", batcher && "ItemBatcher", writer && "ResultWriter"].find((field) => field);
  if (asked) throw runtimeError(`The ${asked} field needs a ProcessorConfig whose Mode is DISTRIBUTED.`);
}

/** Items that are part of the input are not journaled a second time. */
function storedItems(input: Json, items: Json[]): { items?: Json[]; itemsAt?: string[] } {
  if (items.length === 0) return {};
  if (input === items) return { itemsAt: [] };
  if (isJsonObject(input)) {
    for (const name in input) if (input[name] === items) return { itemsAt: [name] };
  }
  return { items };
}

/** Starts as many iterations as may run now. */
export async function startIterations(turn: Turn, scope: Scope, visit: Visit, fanOut: FanOut): Promise<void> {
  const limit = fanOut.maxConcurrency === 0 ? fanOut.total : fanOut.maxConcurrency;
  while (fanOut.openCount < limit && fanOut.next < fanOut.total && !isSpent(turn)) {
    const error = lackOfRoom(turn.state.held, visit.state);
    if (error !== null) throw error;
    const index = fanOut.next;
    const input = await iterationInput(turn, scope, visit, fanOut, index);
    emit(turn, scope, { type: "MapIterationStarted", state: visit.state, index });
    const child = loadScope(turn.state, childId(fanOut, index));
    beginIteration(turn, child, visit, scope, input);
  }
}

/** For an iteration that was started and then undone before its first state. */
export async function restartIteration(
  turn: Turn,
  child: Scope,
  scope: Scope,
  visit: Visit,
  fanOut: FanOut,
): Promise<void> {
  beginIteration(turn, child, visit, scope, await iterationInput(turn, scope, visit, fanOut, child.index));
}

function beginIteration(turn: Turn, child: Scope, visit: Visit, scope: Scope, input: Json): void {
  const definition = definitionOf(turn, scope, visit.state) as MapState;
  enter(turn, child, definition.itemProcessor.startAt, input);
  turn.queue.push(child.id);
}
