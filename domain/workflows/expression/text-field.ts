import type { Json } from "../../kernel/json.ts";
import { expressionError, queryEvaluationError, runtimeError } from "./error.ts";
import type { TextField } from "./field.ts";
import { callIntrinsic } from "./intrinsic.ts";
import { evaluateExpression } from "./jsonata.ts";
import { requireDelay } from "./number-field.ts";
import { readPath } from "./path-value.ts";
import { unexpectedType } from "./result-type.ts";
import type { Chance, EvaluationScope } from "./scope.ts";
import { readField } from "./template.ts";
import { parseInstantMs } from "./timestamp.ts";

type FieldOf<Kind extends TextField["kind"]> = Extract<TextField, { kind: Kind }>;

/** Fail's Error and Cause. */
export function evaluateText(field: TextField, scope: EvaluationScope, chance: Chance): string | Promise<string> {
  switch (field.kind) {
    case "literal":
      return field.value;
    case "path":
      return requireText(readField(field.path, `${field.field}Path`, scope), field, field.path.text);
    case "intrinsic":
      return requireText(callIntrinsic(field.call, scope, chance), field, field.call.text);
    case "expression":
      return textOf(field, scope, chance);
  }
}

function requireText(value: Json, field: TextField, source: string): string {
  if (typeof value === "string") return value;
  throw runtimeError(`The ${field.field}Path field must refer to a string: ${source} == ${JSON.stringify(value)}`);
}

async function textOf(field: FieldOf<"expression">, scope: EvaluationScope, chance: Chance): Promise<string> {
  const value = await evaluateExpression(field.text, field.field, scope, chance);
  if (typeof value === "string") return value;
  throw expressionError(field.text, field.field, unexpectedType("string", value));
}

/** Wait's Timestamp: milliseconds since the epoch, at most MAX_DELAY_SECONDS ahead. */
export function evaluateInstant(field: TextField, scope: EvaluationScope, chance: Chance): number | Promise<number> {
  switch (field.kind) {
    case "literal":
      return requireInstant(field.value, chance, () => unparsable(field.value));
    case "path":
      return instantBehindPath(field, scope, chance);
    case "intrinsic":
      return requireInstant(callIntrinsic(field.call, scope, chance), chance, unparsable);
    case "expression":
      return textOf(field, scope, chance).then((text) => requireInstant(text, chance, unparsable));
  }
}

function instantBehindPath(field: FieldOf<"path">, scope: EvaluationScope, chance: Chance): number {
  const value = readPath(field.path, scope);
  if (value === undefined) {
    throw runtimeError(`The TimestampPath parameter does not reference an input value: ${field.path.text}`);
  }
  return requireInstant(value, chance, (shown) =>
    runtimeError(
      `The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: ${field.path.text} == ${shown}`,
    ),
  );
}

function unparsable(shown: string): Error {
  return queryEvaluationError(
    `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${shown}`,
    "Timestamp",
  );
}

function requireInstant(value: Json, chance: Chance, refusal: (shown: string) => Error): number {
  const instant = typeof value === "string" ? parseInstantMs(value) : null;
  if (instant === null) throw refusal(typeof value === "string" ? value : JSON.stringify(value));
  requireDelay((instant - chance.now().getTime()) / 1_000);
  return instant;
}
