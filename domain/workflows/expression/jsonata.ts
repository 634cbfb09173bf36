import jsonata from "jsonata";
import type { Json } from "../../kernel/json.ts";
import { expressionError } from "./error.ts";
import { Bill, type Node } from "./jsonata-bill.ts";
import { registerFunctions } from "./jsonata-functions.ts";
import { captureNatives, type Spend } from "./jsonata-natives.ts";
import { readPlainPath } from "./jsonata-path.ts";
import { ParseCache } from "./parse-cache.ts";
import { plainJson } from "./plain-json.ts";
import { regexEngine } from "./regex.ts";
import type { Chance, EvaluationScope } from "./scope.ts";
import { weightOf } from "./weight.ts";
import { OVERWORKED, Work } from "./work.ts";

// Runs one JSONata expression of a tenant inside our isolate.
//   J1  an evaluation ends: it may take MAX_STEPS, MAX_DEPTH nodes deep, MAX_PATTERN_STEPS in its patterns, with sequences of
//       MAX_SEQUENCE items and values of a bearable weight. A node is a step; functions of the library also pay for what they
//       are given and what they build. Time is not consulted: it stands still in workerd.
//   J2  nothing ambient: clock and chance come from the caller; $eval does not exist; there is no input document.
//   J3  the result is plain JSON, sharing nothing with the library.

/** At most about a second of work; ten thousand items through a lambda of twenty nodes fit. */
const MAX_STEPS = 200_000;
/** A quarter of a second; a plain word sought in the largest payload takes three quarters of them. */
const MAX_PATTERN_STEPS = 1_000_000;
/** Some two hundred levels of a recursive lambda; half of what the default stack holds. */
const MAX_DEPTH = 1_000;
/** The values of a grouping are evaluated at once, not one inside of the other, and counted as if they were: so deep is one of them. */
const DEPTH_A_GROUP = 12;
/** Two kilobytes each. */
const MAX_DEPTH_OF_GROUPS = 20_000;
/** Four times what the largest payload (256 KiB) could hold in any shape worth building. */
const MAX_SEQUENCE = 200_000;
/** Longer than any expression written by hand, short enough to parse in a millisecond or two. */
const MAX_EXPRESSION_LENGTH = 65_536;
/** The library quotes values in full. */
const MAX_REASON_LENGTH = 1_000;
/** Runs of one isolate rarely meet in the same expression. */
const MAX_IDLE_EVALUATORS = 4;

/** Of a result: what it takes in memory is counted, since many results of one state are kept until all are there. */
const KEPT_A_STEP = 128;
/** A step's worth of the pattern machine. */
const PATTERN_STEPS_A_STEP = 8;
const NO_FUNCTION = "T1006: Attempted to invoke a non-function";
const AFTER_NODE = Symbol.for("jsonata.__evaluate_exit") as unknown as string;

/**
 * One parsed expression. The library keeps settings and functions with it rather than with the evaluation, so it serves one
 * evaluation at a time; a second one at the same moment gets an evaluator of its own.
 */
class Evaluator {
  readonly #expression: jsonata.Expression;
  readonly #bill: Bill;
  #chance: Chance | null = null;
  #work = new Work();
  #steps = 0;
  #patternSteps = 0;

  constructor(text: string) {
    const count = () => this.#spend(1);
    const groups = () => this.#bill.groups;
    const settings: jsonata.JsonataOptions = {
      // The library reads this once a node.
      get stack() {
        return MAX_DEPTH + Math.min(groups() * DEPTH_A_GROUP, MAX_DEPTH_OF_GROUPS);
      },
      sequence: MAX_SEQUENCE,
      RegexEngine: regexEngine((steps) => this.#countPatternSteps(steps)),
      // The library reads this once a node, before it looks at its clock: the one place where nodes can be counted.
      get timeout() {
        count();
        return 0;
      },
    };
    this.#expression = jsonata(text, settings);
    const spend: Spend = (steps) => this.#spend(steps);
    this.#bill = new Bill(this.#expression.ast(), spend);
    // The library looks this name up after each node and calls what it finds with the node's value.
    this.#expression.assign(AFTER_NODE, (node: Node, input: unknown, _environment: unknown, value: unknown) =>
      this.#bill.payFor(node, input, value),
    );
    const chance = () => {
      if (this.#chance === null) throw new Error("a function was called outside an evaluation");
      return this.#chance;
    };
    registerFunctions(this.#expression, this.#bill, { chance, spend });
  }

  async evaluate(bindings: Record<string, unknown>, chance: Chance, work: Work): Promise<unknown> {
    this.#chance = chance;
    this.#work = work;
    this.#steps = 0;
    this.#patternSteps = 0;
    return this.#expression.evaluate(undefined, bindings);
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw { message: `The evaluation takes more than ${MAX_STEPS} steps` };
    if (!this.#work.spend(steps)) throw { message: OVERWORKED };
  }

  #countPatternSteps(steps: number): void {
    this.#work.spend(steps / PATTERN_STEPS_A_STEP);
    this.#patternSteps += steps;
    if (this.#patternSteps > MAX_PATTERN_STEPS) {
      throw { message: `Matching patterns takes more than ${MAX_PATTERN_STEPS} steps` };
    }
  }
}

const idle = new ParseCache<Evaluator[]>();

/** Evaluates the text between `{%` and `%}`; `field` names its place in the cause ("Output/total"). */
export async function evaluateExpression(
  text: string,
  field: string,
  scope: EvaluationScope,
  chance: Chance,
): Promise<Json> {
  const named = readPlainPath(text, scope);
  if (named !== undefined) return named;
  await captureNatives();
  const outcome = await run(text, field, scope, chance);
  if (outcome === undefined) throw expressionError(text, field, "returned nothing (undefined).");
  const value = plainJson(outcome);
  if (value === undefined) throw expressionError(text, field, "returned an unsupported result type.");
  return value;
}

async function run(text: string, field: string, scope: EvaluationScope, chance: Chance): Promise<unknown> {
  try {
    const evaluator = idle.get(text)?.pop() ?? new Evaluator(text);
    const outcome = await evaluator.evaluate(bindingsOf(scope), chance, scope.work);
    if (!scope.work.spend(weightOf(outcome) / KEPT_A_STEP)) throw { message: OVERWORKED };
    release(text, evaluator);
    return outcome;
  } catch (failure) {
    throw expressionError(text, field, `threw an error during evaluation. ${reason(failure)}`);
  }
}

function release(text: string, evaluator: Evaluator): void {
  const others = idle.get(text);
  if (others === undefined) idle.set(text, [evaluator]);
  else if (others.length < MAX_IDLE_EVALUATORS) others.push(evaluator);
}

function bindingsOf(scope: EvaluationScope): Record<string, unknown> {
  const states: Record<string, Json> = { input: scope.input, context: scope.context };
  if (scope.result !== undefined) states.result = scope.result;
  if (scope.errorOutput !== undefined) states.errorOutput = scope.errorOutput;
  return { ...scope.variables, states };
}

/** The library throws plain objects with a code; a RangeError of the engine means that its stack ended before our limit. */
function reason(failure: unknown): string {
  if (failure instanceof RangeError) return "The expression is nested too deep or too large";
  // At the tail of a lambda the library notes the name of what it calls before it looks whether that is a function.
  if (failure instanceof TypeError && failure.message.includes("'token'")) return NO_FUNCTION;
  if (typeof failure !== "object" || failure === null) return String(failure);
  const { code, message } = failure as { code?: unknown; message?: unknown };
  const text = String(message).slice(0, MAX_REASON_LENGTH);
  return typeof code === "string" ? `${code}: ${text}` : text;
}

/** Why a text is not a JSONata expression, or null where it is one. */
export function parseExpression(text: string): { readonly ast: jsonata.ExprNode } | { readonly problem: string } {
  if (text.length > MAX_EXPRESSION_LENGTH) return { problem: `longer than ${MAX_EXPRESSION_LENGTH} characters` };
  try {
    return { ast: jsonata(text).ast() };
  } catch (failure) {
    return { problem: reason(failure) };
  }
}
