import type { Json } from "../../kernel/json.ts";
import { expressionError, queryEvaluationError, runtimeError, StateError } from "./error.ts";
import type { NumberField, NumberFieldName } from "./field.ts";
import { evaluateExpression } from "./jsonata.ts";
import type { Path } from "./path.ts";
import { missingReason, readPath } from "./path-value.ts";
import { unexpectedType } from "./result-type.ts";
import type { Chance, EvaluationScope } from "./scope.ts";

/** AWS counts a wait in a signed 32-bit number of seconds. */
export const MAX_DELAY_SECONDS = 2_147_483_647;

type FieldOf<Kind extends NumberField["kind"]> = Extract<NumberField, { kind: Kind }>;

/** The number a field stands for, inside the field's range. */
export function evaluateNumber(field: NumberField, scope: EvaluationScope, chance: Chance): number | Promise<number> {
  switch (field.kind) {
    case "literal":
      return field.value;
    case "path":
      return behindPath(field, scope);
    case "expression":
      return fromExpression(field, scope, chance);
  }
}

function behindPath(field: FieldOf<"path">, scope: EvaluationScope): number {
  const value = readPath(field.path, scope);
  if (field.field === "Seconds") return waitSeconds(value, field.path);
  if (value === undefined) {
    throw runtimeError(`Invalid path '${field.path.text}' : ${missingReason(field.path, scope)}`);
  }
  const number = numberIn(value);
  const isFloat = field.field === "ToleratedFailurePercentage";
  if (number === null || !(isFloat || Number.isSafeInteger(number))) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    const wanted = isFloat ? "float" : "integer";
    throw runtimeError(
      `The ${field.field}Path field refers to value "${shown}" which is not a valid ${wanted}: ${field.path.text}`,
    );
  }
  const wrong = rangeProblem(field.field, number);
  if (wrong === null) return number;
  throw field.field === "MaxItems" ? new StateError("States.ItemReaderFailed", wrong, false) : runtimeError(wrong);
}

/** Unlike the others, a wait takes no numeric strings. */
function waitSeconds(value: Json | undefined, path: Path): number {
  if (value === undefined)
    throw runtimeError(`The SecondsPath parameter does not reference an input value: ${path.text}`);
  const assignment = `${path.text} == ${typeof value === "string" ? value : JSON.stringify(value)}`;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw runtimeError(`The SecondsPath parameter cannot be parsed as a long value: ${assignment}`);
  }
  if (value < 0) throw runtimeError(`The SecondsPath parameter references a negative value: ${assignment}`);
  return requireDelay(value);
}

export function requireDelay(seconds: number): number {
  if (seconds > MAX_DELAY_SECONDS) throw runtimeError("Wait state delay is too long.");
  return seconds;
}

async function fromExpression(field: FieldOf<"expression">, scope: EvaluationScope, chance: Chance): Promise<number> {
  const value = await evaluateExpression(field.text, field.field, scope, chance);
  const isFloat = field.field === "ToleratedFailurePercentage";
  if (typeof value !== "number" || !(isFloat || Number.isInteger(value))) {
    const wanted = isFloat ? "number" : "integer";
    throw expressionError(field.text, field.field, unexpectedType(wanted, value));
  }
  const wrong = rangeProblem(field.field, value);
  if (wrong !== null && field.field === "MaxItems") throw new StateError("States.ItemReaderFailed", wrong, false);
  if (wrong !== null) throw queryEvaluationError(wrong, field.field);
  return field.field === "Seconds" ? requireDelay(value) : value;
}

/** A JSON number, or text that is one. */
function numberIn(value: Json): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : null;
}

function rangeProblem(field: NumberFieldName, value: number): string | null {
  switch (field) {
    case "ToleratedFailurePercentage":
      return value < 0 || value > 100 ? "ToleratedFailurePercentage must be between 0 and 100." : null;
    case "MaxItems":
      return value < 0 ? "field MaxItems must be positive" : null;
    case "TimeoutSeconds":
    case "HeartbeatSeconds":
    case "MaxItemsPerBatch":
    case "MaxInputBytesPerBatch":
      return value <= 0 ? `${field} must be positive.` : null;
    case "Seconds":
    case "MaxConcurrency":
    case "ToleratedFailureCount":
      return value < 0 ? `${field} cannot be negative.` : null;
  }
}
