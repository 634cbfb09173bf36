import { type Json, jsonEquals } from "../../kernel/json.ts";
import {
  areDefinite,
  type FilterNode,
  type FilterOperand,
  type FilterOperator,
  type FilterPath,
  type PathStep,
} from "./path-step.ts";
import { MAX_NESTING, type Scanner, SyntaxRefusal } from "./scanner.ts";
import { weightOf } from "./weight.ts";

/** The path parser, which the paths inside a filter need again. */
export type ReadSteps = (scanner: Scanner, depth: number) => PathStep[];

/** Reads the `(...)` behind `?` of a filter step. */
export class FilterReader {
  readonly #scanner: Scanner;
  readonly #readSteps: ReadSteps;
  #depth: number;

  constructor(scanner: Scanner, depth: number, readSteps: ReadSteps) {
    this.#scanner = scanner;
    this.#depth = depth;
    this.#readSteps = readSteps;
  }

  read(): FilterNode {
    this.#scanner.skipBlanks();
    this.#scanner.expect("(");
    const filter = this.#alternatives();
    this.#scanner.expect(")");
    return filter;
  }

  #alternatives(): FilterNode {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new SyntaxRefusal("nested too deep");
    let left = this.#conjunction();
    while (this.#scanner.take("||")) left = { kind: "or", left, right: this.#conjunction() };
    this.#depth -= 1;
    return left;
  }

  #conjunction(): FilterNode {
    let left = this.#condition();
    while (this.#scanner.take("&&")) left = { kind: "and", left, right: this.#condition() };
    return left;
  }

  #condition(): FilterNode {
    this.#scanner.skipBlanks();
    const condition = this.#term();
    this.#scanner.skipBlanks();
    return condition;
  }

  #term(): FilterNode {
    if (this.#scanner.take("!")) {
      this.#depth += 1;
      if (this.#depth > MAX_NESTING) throw new SyntaxRefusal("nested too deep");
      const operand = this.#condition();
      this.#depth -= 1;
      return { kind: "not", operand };
    }
    if (this.#scanner.take("(")) {
      const inner = this.#alternatives();
      this.#scanner.expect(")");
      return inner;
    }
    const left = this.#operand();
    this.#scanner.skipBlanks();
    const operator = this.#operator();
    if (operator !== null) {
      this.#scanner.skipBlanks();
      return { kind: "compare", operator, left, right: this.#operand() };
    }
    if (left.kind !== "path") throw new SyntaxRefusal("a comparison is missing");
    return { kind: "exists", path: left };
  }

  #operator(): FilterOperator | null {
    return this.#scanner.match(/==|!=|<=|>=|<|>|(?:in|nin)\b/y) as FilterOperator | null;
  }

  #operand(): FilterOperand {
    if (this.#scanner.take("@")) return this.#path("current");
    if (this.#scanner.take("$")) return this.#path("root");
    return { kind: "value", value: this.#literal() };
  }

  #path(from: "current" | "root"): FilterPath {
    const steps = this.#readSteps(this.#scanner, this.#depth);
    return { kind: "path", from, steps, definite: areDefinite(steps) };
  }

  #literal(): Json {
    const scanner = this.#scanner;
    const quote = scanner.peek();
    if (quote === "'" || quote === '"') return this.#quoted();
    if (scanner.take("[")) return this.#list();
    const number = scanner.match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w-])/y);
    if (number !== null) return Number(number);
    const word = scanner.match(/[^\s()[\]'",=!<>&|@$]+/y);
    if (word === null) throw new SyntaxRefusal("a value is missing");
    if (word === "true" || word === "false") return word === "true";
    return word === "null" ? null : word;
  }

  #quoted(): string {
    const quote = this.#scanner.next();
    let text = "";
    for (;;) {
      const character = this.#scanner.next();
      if (character === quote) return text;
      text += character === "\\" ? this.#scanner.next() : character;
    }
  }

  #list(): Json[] {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new SyntaxRefusal("nested too deep");
    const values: Json[] = [];
    this.#scanner.skipBlanks();
    while (!this.#scanner.take("]")) {
      if (values.length > 0) this.#scanner.expect(",");
      this.#scanner.skipBlanks();
      values.push(this.#literal());
      this.#scanner.skipBlanks();
    }
    this.#depth -= 1;
    return values;
  }
}

/** How a filter reads the paths in it, and pays for the values it compares. */
export interface FilterReading {
  /** Undefined where nothing is found. */
  read(path: FilterPath): Json | undefined;
  compared(values: number): void;
}

export function passesFilter(filter: FilterNode, reading: FilterReading): boolean {
  switch (filter.kind) {
    case "or":
      return passesFilter(filter.left, reading) || passesFilter(filter.right, reading);
    case "and":
      return passesFilter(filter.left, reading) && passesFilter(filter.right, reading);
    case "not":
      return !passesFilter(filter.operand, reading);
    case "exists":
      return reading.read(filter.path) !== undefined;
    case "compare":
      return compares(
        operandValue(filter.left, reading),
        filter.operator,
        operandValue(filter.right, reading),
        reading.compared,
      );
  }
}

function operandValue(operand: FilterOperand, { read }: FilterReading): Json | undefined {
  return operand.kind === "value" ? operand.value : read(operand);
}

/** No coercion: values of different kinds are unequal and have no order. */
function compares(
  left: Json | undefined,
  operator: FilterOperator,
  right: Json | undefined,
  compared: (values: number) => void,
): boolean {
  if (left === undefined || right === undefined) return operator === "!=" && left !== right;
  compared(Math.max(weightOf(left), weightOf(right)) / CHARACTERS_A_VALUE);
  switch (operator) {
    case "==":
      return jsonEquals(left, right);
    case "!=":
      return !jsonEquals(left, right);
    case "in":
      return Array.isArray(right) && right.some((item) => jsonEquals(left, item));
    case "nin":
      return Array.isArray(right) && !right.some((item) => jsonEquals(left, item));
    default:
      return ordered(left, operator, right);
  }
}

/** Comparing goes on while values are equal; a node of a path visited costs as much as comparing these. */
const CHARACTERS_A_VALUE = 32;

function ordered(left: Json, operator: "<" | "<=" | ">" | ">=", right: Json): boolean {
  const comparable =
    (typeof left === "number" && typeof right === "number") || (typeof left === "string" && typeof right === "string");
  if (!comparable) return false;
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}
