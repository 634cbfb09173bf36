import type { ChoiceState, FailState, PassState, SucceedState } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateAssign, evaluateChoice, evaluatePathField, evaluateTemplate } from "../expression/evaluate.ts";
import { evaluateText } from "../expression/text-field.ts";
import type { Scope, Visit } from "./state.ts";
import { complete, effectiveInput, jsonataOutcome, leave } from "./transition.ts";
import { evaluationScope, plan, type Turn } from "./turn.ts";

// The states that end in the instant they are entered: Pass, Choice, Succeed, Fail.

export async function pass(turn: Turn, scope: Scope, visit: Visit, definition: PassState): Promise<void> {
  const input = effectiveInput(turn, scope, visit, definition);
  let result = input;
  if (definition.result !== null) result = definition.result.value;
  else if (definition.parameters !== null) {
    const evaluation = evaluationScope(turn, scope, visit, input);
    result = await evaluateTemplate(definition.parameters, evaluation, turn.chance);
  }
  await complete(turn, scope, visit, definition, result);
}

export async function succeed(turn: Turn, scope: Scope, visit: Visit, definition: SucceedState): Promise<void> {
  if (definition.queryLanguage === "JSONata") {
    const outcome = await jsonataOutcome(turn, scope, visit, { output: definition.output, assign: null }, visit.input);
    leave(turn, scope, visit, { ...outcome, next: null });
    return;
  }
  const input = effectiveInput(turn, scope, visit, definition);
  const output = evaluatePathField(definition.outputPath, evaluationScope(turn, scope, visit, input));
  leave(turn, scope, visit, { output, assigned: null, next: null });
}

/** Settles what the state fails with; the failure then goes its way like any other. */
export async function failState(turn: Turn, scope: Scope, visit: Visit, definition: FailState): Promise<void> {
  const evaluation = evaluationScope(turn, scope, visit, visit.input);
  const error = definition.error === null ? null : await evaluateText(definition.error, evaluation, turn.chance);
  const cause = definition.cause === null ? null : await evaluateText(definition.cause, evaluation, turn.chance);
  plan(turn, scope, {
    kind: "fail",
    scope: scope.id,
    ...(error !== null && { error }),
    ...(cause !== null && { cause }),
  });
}

export async function choose(turn: Turn, scope: Scope, visit: Visit, definition: ChoiceState): Promise<void> {
  const input = effectiveInput(turn, scope, visit, definition);
  const evaluation = evaluationScope(turn, scope, visit, input);
  for (const rule of definition.choices) {
    const verdict = evaluateChoice(rule.test, evaluation, turn.chance);
    if (typeof verdict === "boolean" ? verdict : await verdict) {
      await follow(turn, scope, visit, definition, rule, rule.next, input);
      return;
    }
  }
  if (definition.default === null) throw new StateError("States.NoChoiceMatched", NO_CHOICE);
  await follow(turn, scope, visit, definition, definition, definition.default, input);
}

const NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state.";

/** ASL: a matching rule's Assign and Output stand in for the state's own, which belong to Default. */
async function follow(
  turn: Turn,
  scope: Scope,
  visit: Visit,
  definition: ChoiceState,
  outcome: Pick<ChoiceState, "assign" | "output">,
  next: string,
  input: Visit["input"],
): Promise<void> {
  if (definition.queryLanguage === "JSONata") {
    leave(turn, scope, visit, { ...(await jsonataOutcome(turn, scope, visit, outcome, visit.input)), next });
    return;
  }
  const evaluation = evaluationScope(turn, scope, visit, input);
  leave(turn, scope, visit, {
    output: evaluatePathField(definition.outputPath, evaluation),
    assigned: outcome.assign === null ? null : await evaluateAssign(outcome.assign, evaluation, turn.chance),
    next,
  });
}
