import { SECOND_MS } from "../../kernel/time.ts";
import type { WaitState } from "../definition/machine.ts";
import { evaluateAssign, evaluatePathField } from "../expression/evaluate.ts";
import { evaluateNumber } from "../expression/number-field.ts";
import { evaluateInstant } from "../expression/text-field.ts";
import type { Scope, Visit } from "./state.ts";
import { effectiveInput, jsonataOutcome, leave } from "./transition.ts";
import { evaluationScope, plan, type Turn } from "./turn.ts";

export async function wait(turn: Turn, scope: Scope, visit: Visit, definition: WaitState): Promise<void> {
  const until = await end(turn, scope, visit, definition);
  if (until > turn.now) plan(turn, scope, { kind: "wait", scope: scope.id, until });
  else await finishWait(turn, scope, visit, definition);
}

async function end(turn: Turn, scope: Scope, visit: Visit, definition: WaitState): Promise<number> {
  const input = effectiveInput(turn, scope, visit, definition);
  const evaluation = evaluationScope(turn, scope, visit, input);
  const { seconds, timestamp } = definition;
  if (seconds !== null) return turn.now + (await evaluateNumber(seconds, evaluation, turn.chance)) * SECOND_MS;
  return timestamp === null ? turn.now : await evaluateInstant(timestamp, evaluation, turn.chance);
}

export async function finishWait(turn: Turn, scope: Scope, visit: Visit, definition: WaitState): Promise<void> {
  const { next, assign } = definition;
  if (definition.queryLanguage === "JSONata") {
    leave(turn, scope, visit, { ...(await jsonataOutcome(turn, scope, visit, definition, visit.input)), next });
    return;
  }
  const evaluation = evaluationScope(turn, scope, visit, effectiveInput(turn, scope, visit, definition));
  leave(turn, scope, visit, {
    output: evaluatePathField(definition.outputPath, evaluation),
    assigned: assign === null ? null : await evaluateAssign(assign, evaluation, turn.chance),
    next,
  });
}
