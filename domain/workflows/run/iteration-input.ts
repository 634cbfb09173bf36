import type { Json } from "../../kernel/json.ts";
import type { MapState } from "../definition/machine.ts";
import { evaluateTemplate } from "../expression/evaluate.ts";
import type { Work } from "../expression/work.ts";
import type { FanOut, Scope, Visit } from "./state.ts";
import { definitionOf, evaluationScope, type Turn } from "./turn.ts";

/** What an iteration or a child run begins with: the item, or ItemSelector's view of it. `work` is shared by several. */
export async function iterationInput(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  fanOut: FanOut,
  index: number,
  work?: Work,
): Promise<Json> {
  const definition = definitionOf(turn, scope, visit.state) as MapState;
  const value = fanOut.items[index] ?? null;
  if (definition.itemSelector === null) return value;
  const item = { index, value };
  const evaluation = evaluationScope(turn, scope, visit, fanOut.input, { item, ...(work !== undefined && { work }) });
  return await evaluateTemplate(definition.itemSelector, evaluation, turn.chance);
}
