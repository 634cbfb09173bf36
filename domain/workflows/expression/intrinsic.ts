import type { Json } from "../../kernel/json.ts";
import { intrinsicFailure, runtimeError } from "./error.ts";
import { INTRINSIC_FUNCTIONS, kindProblem, type Parameter } from "./intrinsic-functions.ts";
import { type Path, readPathText } from "./path.ts";
import { readPath, rootValue } from "./path-value.ts";
import { Scanner, SyntaxRefusal } from "./scanner.ts";
import type { Chance, EvaluationScope } from "./scope.ts";
import { BUILT_A_STEP, isTooHeavy, type Scale, weightOf } from "./weight.ts";
import { OVERWORKED } from "./work.ts";

/** A parsed `States.*` call. */
export interface IntrinsicCall {
  readonly text: string;
  readonly name: string;
  readonly arguments: readonly IntrinsicArgument[];
}

export type IntrinsicArgument =
  /** `pieces`: a string cut at its unescaped `{}`, for States.Format. */
  | { readonly kind: "literal"; readonly value: Json; readonly pieces?: readonly string[] }
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "call"; readonly call: IntrinsicCall };

/** ASL allows calls ten levels deep. */
const MAX_CALL_DEPTH = 10;
/** So short a call cannot name its input often enough to matter. */
const MAX_UNMEASURED_LENGTH = 128;
/** Characters that are read or written in the time of a step. */
const HANDLED_A_STEP = 128;
/** A States.Array of every value anyone would write by hand; keeps one parse small. */
const MAX_CALL_LENGTH = 65_536;

/** The call a text stands for, or null where it is not a valid one (unknown function, wrong count, bad escape). */
export function parseIntrinsic(text: string): IntrinsicCall | null {
  if (text.length > MAX_CALL_LENGTH) return null;
  try {
    const scanner = new Scanner(text);
    scanner.skipBlanks();
    const call = readCall(scanner, 1);
    scanner.skipBlanks();
    return scanner.atEnd() ? call : null;
  } catch (refusal) {
    if (refusal instanceof SyntaxRefusal) return null;
    throw refusal;
  }
}

function readCall(scanner: Scanner, depth: number): IntrinsicCall {
  if (depth > MAX_CALL_DEPTH) throw new SyntaxRefusal("calls are nested too deep");
  const start = scanner.position;
  const name = scanner.match(/States\.[A-Za-z0-9]+/y);
  const parameters = name === null ? undefined : INTRINSIC_FUNCTIONS.get(name)?.parameters;
  if (name === null || parameters === undefined) throw new SyntaxRefusal("the function is not known");
  scanner.skipBlanks();
  scanner.expect("(");
  const given = readArguments(scanner, depth);
  requireFit(parameters, given);
  return { text: scanner.text.slice(start, scanner.position), name, arguments: given };
}

function readArguments(scanner: Scanner, depth: number): IntrinsicArgument[] {
  const given: IntrinsicArgument[] = [];
  scanner.skipBlanks();
  if (scanner.take(")")) return given;
  for (;;) {
    scanner.skipBlanks();
    given.push(readArgument(scanner, depth));
    scanner.skipBlanks();
    if (scanner.take(")")) return given;
    scanner.expect(",");
  }
}

function readArgument(scanner: Scanner, depth: number): IntrinsicArgument {
  if (scanner.peek() === "$") return { kind: "path", path: readPathText(scanner) };
  if (scanner.peek() === "'") return readString(scanner);
  if (scanner.peek() === "S") return { kind: "call", call: readCall(scanner, depth + 1) };
  const word = scanner.match(/(?:true|false|null)\b/y);
  if (word !== null) return { kind: "literal", value: JSON.parse(word) as Json };
  const number = scanner.match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
  if (number === null) throw new SyntaxRefusal("an argument is missing");
  return { kind: "literal", value: Number(number) };
}

/** Escapes are `\'`, `\\`, `\{` and `\}`; any other backslash is refused. */
function readString(scanner: Scanner): IntrinsicArgument {
  scanner.expect("'");
  const pieces: string[] = [];
  let piece = "";
  for (;;) {
    const character = scanner.next();
    if (character === "'") {
      const value = [...pieces, piece].join("{}");
      return { kind: "literal", value, pieces: [...pieces, piece] };
    }
    if (character === "{" && scanner.take("}")) {
      pieces.push(piece);
      piece = "";
    } else if (character === "\\") {
      const escaped = scanner.next();
      if (!"'\\{}".includes(escaped)) throw new SyntaxRefusal("unknown escape");
      piece += escaped;
    } else {
      piece += character;
    }
  }
}

/** What can be seen without running: the number of arguments, and the kind of those that are literals. */
function requireFit(parameters: readonly Parameter[], given: readonly IntrinsicArgument[]): void {
  const required = parameters.filter(({ presence }) => presence === "required").length;
  const open = parameters.at(-1)?.presence === "repeated";
  if (given.length < required || (!open && given.length > parameters.length)) {
    throw new SyntaxRefusal("the number of arguments does not fit");
  }
  for (const [i, argument] of given.entries()) {
    const parameter = parameters[Math.min(i, parameters.length - 1)];
    if (argument.kind !== "literal" || parameter === undefined) continue;
    if (kindProblem(parameter.kind, argument.value) !== null) throw new SyntaxRefusal("an argument has the wrong kind");
  }
}

/** Runs a call. Throws States.IntrinsicFailure, or States.Runtime where a path in it leads nowhere. */
export function callIntrinsic(call: IntrinsicCall, scope: EvaluationScope, chance: Chance): Json {
  const definition = INTRINSIC_FUNCTIONS.get(call.name);
  if (definition === undefined) throw intrinsicFailure(`The function '${call.name}' is not known`);
  const values = call.arguments.map((argument) => argumentValue(argument, call, scope, chance));
  if (call.text.length > MAX_UNMEASURED_LENGTH && isTooHeavy(values)) throw failed(call, "The arguments are too large");
  for (const [i, value] of values.entries()) {
    const parameter = definition.parameters[Math.min(i, definition.parameters.length - 1)];
    const found = parameter === undefined ? null : kindProblem(parameter.kind, value);
    if (found !== null) throw failed(call, `Argument ${i + 1} must be ${found}`);
  }
  const [first] = call.arguments;
  const pieces = first?.kind === "literal" ? first.pieces : undefined;
  const outcome = definition.apply(values, chance, pieces);
  if ("failure" in outcome) throw failed(call, outcome.failure);
  const built: Scale = { fresh: 0 };
  const handled = weightOf(outcome.value, built) + values.reduce<number>((sum, value) => sum + weightOf(value), 0);
  if (!scope.work.spend(handled / HANDLED_A_STEP + built.fresh / BUILT_A_STEP)) throw failed(call, OVERWORKED);
  return outcome.value;
}

function failed(call: IntrinsicCall, why: string) {
  return intrinsicFailure(`The function '${call.text}' had the following error: ${why}`);
}

function argumentValue(argument: IntrinsicArgument, call: IntrinsicCall, scope: EvaluationScope, chance: Chance): Json {
  switch (argument.kind) {
    case "literal":
      return argument.value;
    case "call":
      return callIntrinsic(argument.call, scope, chance);
    case "path": {
      const value = readPath(argument.path, scope);
      if (value !== undefined) return value;
      const input = JSON.stringify(rootValue(argument.path, scope) ?? {});
      throw runtimeError(
        `The function '${call.text}' had the following error: The JsonPath argument for the field '${argument.path.text}' could not be found in the input '${input}'`,
      );
    }
  }
}
