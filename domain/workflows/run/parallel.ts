import type { ParallelState } from "../definition/machine.ts";
import { evaluateTemplate } from "../expression/evaluate.ts";
import { childId } from "./fan-out.ts";
import type { Scope, Visit } from "./state.ts";
import { effectiveInput, requireSize } from "./transition.ts";
import { emit, evaluationScope, type Turn } from "./turn.ts";

export async function startParallel(turn: Turn, scope: Scope, visit: Visit, definition: ParallelState): Promise<void> {
  let input = effectiveInput(turn, scope, visit, definition);
  if (definition.arguments !== null) {
    const evaluation = evaluationScope(turn, scope, visit, input);
    input = await evaluateTemplate(definition.arguments, evaluation, turn.chance);
    requireSize(turn, visit.state, input);
  }
  const branches = definition.branches.length;
  const { seq } = emit(turn, scope, {
    type: "ParallelStateStarted",
    state: visit.state,
    branches,
    ...(input !== visit.input && { input }),
  });
  for (let index = 0; index < branches; index++) turn.queue.push(childId({ id: seq }, index));
}
