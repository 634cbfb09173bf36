import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { type ChoiceTest, passesDataTest } from "./choice.ts";
import { expressionError, queryEvaluationError, runtimeError, StateError } from "./error.ts";
import { evaluateExpression } from "./jsonata.ts";
import type { Path } from "./path.ts";
import { missingReason, readPath } from "./path-value.ts";
import { applyResultPath, type ReferencePath } from "./reference-path.ts";
import { unexpectedType } from "./result-type.ts";
import type { Chance, EvaluationScope } from "./scope.ts";
import { fillExpressions, fillTemplate, type Template } from "./template.ts";
import { isTooHeavy } from "./weight.ts";

// With number-field.ts and text-field.ts the one door of the interpreter into expressions. Every function throws
// StateError (a promise rejects with it) and nothing else. JSONPath and literals answer at once, JSONata with a promise:
// await only what is one. Values may share parts with the scope and the definition, so they are never modified in place.

/** Parameters, Arguments, ResultSelector, ItemSelector, BatchInput, Output, Credentials. */
export function evaluateTemplate(template: Template, scope: EvaluationScope, chance: Chance): Json | Promise<Json> {
  if (template.root.kind === "literal") return template.root.value;
  const isLight = template.parts <= MAX_UNMEASURED_PARTS;
  if (template.language === "JSONPath") {
    const value = fillTemplate(template.root, scope, chance);
    return isLight ? value : requireBearable(value);
  }
  const value = fillExpressions(template.root, scope, chance);
  return isLight ? value : value.then(requireBearable);
}

/** So few parts cannot make a value that is too large to measure later. */
const MAX_UNMEASURED_PARTS = 8;

/** A template may repeat its input so often that writing the result out would take the memory of the isolate. */
function requireBearable(value: Json): Json {
  if (!isTooHeavy(value)) return value;
  throw new StateError(
    "States.DataLimitExceeded",
    "The state returned a result with a size exceeding the maximum number of bytes service limit.",
    false,
  );
}

/** Assign: the variables to set, in the order of the definition. */
export function evaluateAssign(
  template: Template,
  scope: EvaluationScope,
  chance: Chance,
): JsonObject | Promise<JsonObject> {
  const variables = evaluateTemplate(template, scope, chance);
  return variables instanceof Promise ? variables.then(requireObject) : requireObject(variables);
}

/** The parser admits only objects as Assign. */
function requireObject(value: Json): JsonObject {
  if (!isJsonObject(value)) throw new Error("Assign is not an object");
  return value;
}

/** InputPath, OutputPath: null gives `{}`. */
export function evaluatePathField(path: Path | null, scope: EvaluationScope): Json {
  if (path === null) return {};
  const value = readPath(path, scope);
  if (value === undefined) throw runtimeError(`Invalid path '${path.text}' : ${missingReason(path, scope)}`);
  return value;
}

/** ResultPath: puts `result` into `rawInput` (a changed copy); null keeps the input. */
export function placeResult(rawInput: Json, path: ReferencePath | null, result: Json): Json {
  return path === null ? rawInput : applyResultPath(rawInput, path, result);
}

/** The test of a Choice rule. */
export function evaluateChoice(test: ChoiceTest, scope: EvaluationScope, chance: Chance): boolean | Promise<boolean> {
  if (test.kind !== "condition") return passesDataTest(test, scope);
  return typeof test.condition === "boolean"
    ? test.condition
    : conditionOf(test.condition.text, test.field, scope, chance);
}

async function conditionOf(text: string, field: string, scope: EvaluationScope, chance: Chance): Promise<boolean> {
  const value = await evaluateExpression(text, field, scope, chance);
  if (typeof value === "boolean") return value;
  throw expressionError(text, field, unexpectedType("boolean", value));
}

/** Map's ItemsPath or Items: the array to iterate. */
export function evaluateItems(
  source: { readonly itemsPath: Path | null; readonly items: Template | null },
  scope: EvaluationScope,
  chance: Chance,
): Json[] | Promise<Json[]> {
  if (source.itemsPath !== null) return itemsBehindPath(source.itemsPath, scope);
  const { items } = source;
  if (items === null) return requireItems(scope.input);
  const value = evaluateTemplate(items, scope, chance);
  if (!(value instanceof Promise)) return requireItems(value);
  const { root } = items;
  return value.then((found) => {
    if (Array.isArray(found) || root.kind !== "expression") return requireItems(found);
    throw expressionError(root.text, root.field, unexpectedType("array", found));
  });
}

/** A path into the context object is shown without its first `$`, relative to where it starts. */
function itemsBehindPath(path: Path, scope: EvaluationScope): Json[] {
  const value = evaluatePathField(path, scope);
  if (Array.isArray(value)) return value;
  const shown = path.root.kind === "context" ? path.text.slice(1) : path.text;
  throw runtimeError(`Reference path "${shown}" must point to array.`);
}

function requireItems(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  throw queryEvaluationError(`Map state input must be an array but was: ${JSON.stringify(value)}`);
}
