import type { Json, JsonObject } from "../../kernel/json.ts";
import type { ChoiceTest } from "./choice.ts";
import type { NumberField, TextField } from "./field.ts";
import type { Path, ReferencePath } from "./path.ts";
import type { Chance, EvaluationScope } from "./scope.ts";
import type { Template } from "./template.ts";

// The one door of the interpreter into expressions. Every function throws StateError (JSONata: rejects with it) and
// nothing else. JSONPath answers at once, JSONata answers with a promise: `await` only what is a promise.

/** Parameters, Arguments, ResultSelector, ItemSelector, BatchInput, Output, Credentials. */
export declare function evaluateTemplate(
  template: Template,
  scope: EvaluationScope,
  chance: Chance,
): Json | Promise<Json>;

/** Assign: the variables to set, in the order of the definition. */
export declare function evaluateAssign(
  template: Template,
  scope: EvaluationScope,
  chance: Chance,
): JsonObject | Promise<JsonObject>;

/** InputPath, OutputPath: null gives `{}`. */
export declare function evaluatePathField(
  path: Path | null,
  field: "InputPath" | "OutputPath",
  scope: EvaluationScope,
): Json;

/** ResultPath: puts `result` into `rawInput` (a changed copy; neither argument is modified). */
export declare function placeResult(rawInput: Json, path: ReferencePath | null, result: Json): Json;

/** A Choice rule's test. */
export declare function evaluateChoice(
  test: ChoiceTest,
  scope: EvaluationScope,
  chance: Chance,
): boolean | Promise<boolean>;

/** Wait Seconds, TimeoutSeconds, HeartbeatSeconds, MaxConcurrency, Tolerated..., MaxItems, batch sizes: checked for the field's range. */
export declare function evaluateNumber(
  field: NumberField,
  scope: EvaluationScope,
  chance: Chance,
): number | Promise<number>;

/** Fail's Error and Cause. */
export declare function evaluateText(
  field: TextField,
  scope: EvaluationScope,
  chance: Chance,
): string | Promise<string>;

/** Wait's Timestamp: milliseconds since the epoch. */
export declare function evaluateInstant(
  field: TextField,
  scope: EvaluationScope,
  chance: Chance,
): number | Promise<number>;

/** Map's ItemsPath / Items: the array to iterate. */
export declare function evaluateItems(
  items: { readonly itemsPath: Path | null; readonly items: Template | null },
  scope: EvaluationScope,
  chance: Chance,
): Json[] | Promise<Json[]>;
