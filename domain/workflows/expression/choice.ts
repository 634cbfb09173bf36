import type { Json } from "../../kernel/json.ts";
import { runtimeError } from "./error.ts";
import type { Path } from "./path.ts";
import { readPath } from "./path-value.ts";
import type { EvaluationScope } from "./scope.ts";
import { parseTimestamp } from "./timestamp.ts";
import { OVERWORKED, searchSteps } from "./work.ts";

/** The test of a Choice rule, compiled. */
export type ChoiceTest =
  | DataTest
  | { readonly kind: "condition"; readonly field: string; readonly condition: Condition };

/** JSONata: a boolean, or an expression's text without its `{% %}`. */
export type Condition = boolean | { readonly text: string };

/** JSONPath. */
export type DataTest =
  | { readonly kind: "and" | "or"; readonly tests: readonly DataTest[] }
  | { readonly kind: "not"; readonly test: DataTest }
  | { readonly kind: "is"; readonly variable: Path; readonly check: TypeCheck; readonly expected: boolean }
  | { readonly kind: "matches"; readonly variable: Path; readonly pattern: readonly string[] }
  | {
      readonly kind: "compare";
      readonly variable: Path;
      readonly operand: OperandKind;
      readonly relation: Relation;
      readonly value:
        | { readonly kind: "literal"; readonly value: Json }
        | { readonly kind: "path"; readonly path: Path };
    };

export type TypeCheck = "IsNull" | "IsPresent" | "IsNumeric" | "IsString" | "IsBoolean" | "IsTimestamp";
export type OperandKind = "String" | "Numeric" | "Boolean" | "Timestamp";
export type Relation = "Equals" | "LessThan" | "GreaterThan" | "LessThanEquals" | "GreaterThanEquals";

/** ASL: And and Or stop at the first test that decides, so an earlier IsPresent guards a later comparison. */
export function passesDataTest(test: DataTest, scope: EvaluationScope): boolean {
  switch (test.kind) {
    case "and":
      return test.tests.every((inner) => passesDataTest(inner, scope));
    case "or":
      return test.tests.some((inner) => passesDataTest(inner, scope));
    case "not":
      return !passesDataTest(test.test, scope);
    case "is":
      return hasType(test, scope) === test.expected;
    case "matches": {
      const value = present(test.variable, scope);
      if (typeof value !== "string") return false;
      const steps = test.pattern.reduce((sum, piece) => sum + searchSteps(value, piece), 0);
      if (!scope.work.spend(steps)) throw runtimeError(OVERWORKED);
      return matchesPattern(value, test.pattern);
    }
    case "compare": {
      const left = present(test.variable, scope);
      const right = test.value.kind === "literal" ? test.value.value : present(test.value.path, scope);
      return compares(left, test.operand, test.relation, right);
    }
  }
}

function present(path: Path, scope: EvaluationScope): Json {
  const value = readPath(path, scope);
  if (value === undefined) {
    throw runtimeError(`Invalid path '${path.text}': The choice state's condition path references an invalid value.`);
  }
  return value;
}

function hasType(test: Extract<DataTest, { kind: "is" }>, scope: EvaluationScope): boolean {
  if (test.check === "IsPresent") return isPresent(test.variable, scope);
  const value = present(test.variable, scope);
  switch (test.check) {
    case "IsNull":
      return value === null;
    case "IsNumeric":
      return typeof value === "number";
    case "IsString":
      return typeof value === "string";
    case "IsBoolean":
      return typeof value === "boolean";
    case "IsTimestamp":
      return typeof value === "string" && parseTimestamp(value) !== null;
  }
}

/** An indefinite path is present where it finds anything. */
function isPresent(path: Path, scope: EvaluationScope): boolean {
  const value = readPath(path, scope);
  if (value === undefined) return false;
  return path.definite || (Array.isArray(value) && value.length > 0);
}

/** No coercion: an operand of another type makes the comparison false. */
function compares(left: Json, operand: OperandKind, relation: Relation, right: Json): boolean {
  switch (operand) {
    case "String":
      return typeof left === "string" && typeof right === "string" && relates(left, relation, right);
    case "Numeric":
      return typeof left === "number" && typeof right === "number" && relates(left, relation, right);
    case "Boolean":
      return typeof left === "boolean" && left === right;
    case "Timestamp": {
      const first = typeof left === "string" ? parseTimestamp(left) : null;
      const second = typeof right === "string" ? parseTimestamp(right) : null;
      return first !== null && second !== null && relates(first, relation, second);
    }
  }
}

function relates<T extends string | number | bigint>(left: T, relation: Relation, right: T): boolean {
  switch (relation) {
    case "Equals":
      return left === right;
    case "LessThan":
      return left < right;
    case "GreaterThan":
      return left > right;
    case "LessThanEquals":
      return left <= right;
    case "GreaterThanEquals":
      return left >= right;
  }
}

/** Cuts a StringMatches pattern at its wildcards; null where a backslash escapes anything but `*` and itself. */
export function compilePattern(pattern: string): string[] | null {
  const pieces: string[] = [];
  let piece = "";
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern.charAt(i);
    if (character === "*") {
      pieces.push(piece);
      piece = "";
    } else if (character === "\\") {
      i += 1;
      const escaped = pattern.charAt(i);
      if (escaped !== "*" && escaped !== "\\") return null;
      piece += escaped;
    } else {
      piece += character;
    }
  }
  return [...pieces, piece];
}

/** Taking the earliest place of each piece is enough, so no input makes this go back. */
function matchesPattern(text: string, pieces: readonly string[]): boolean {
  const [head = "", ...rest] = pieces;
  const tail = rest.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head)) return false;
  let position = head.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return text.length - tail.length >= position && text.endsWith(tail);
}
