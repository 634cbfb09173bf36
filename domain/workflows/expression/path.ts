import { FilterReader } from "./filter.ts";
import { ParseCache } from "./parse-cache.ts";
import { areDefinite, type PathStep } from "./path-step.ts";
import { MAX_NESTING, Scanner, SyntaxRefusal } from "./scanner.ts";

/** A parsed JSONPath: `$`, `$$` (context) or `$name` (variable), then steps. */
export interface Path {
  readonly text: string;
  readonly root: PathRoot;
  readonly steps: readonly PathStep[];
  /** Names and single indexes only: exactly one value or an error. */
  readonly definite: boolean;
}

export type PathRoot =
  | { readonly kind: "input" }
  | { readonly kind: "context" }
  | { readonly kind: "variable"; readonly name: string };

/** Longer than any path written by hand; keeps the work of one parse small. */
const MAX_PATH_LENGTH = 8_192;

const cache = new ParseCache<Path | null>();

/** The path a text stands for, or null where it is not one. */
export function parsePath(text: string): Path | null {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const path = text.length > MAX_PATH_LENGTH ? null : parseWhole(text);
  cache.set(text, path);
  return path;
}

export const WHOLE_INPUT: Path = { text: "$", root: { kind: "input" }, steps: [], definite: true };

function parseWhole(text: string): Path | null {
  try {
    const scanner = new Scanner(text);
    const path = readPathText(scanner);
    return scanner.atEnd() ? path : null;
  } catch (refusal) {
    if (refusal instanceof SyntaxRefusal) return null;
    throw refusal;
  }
}

/** Reads the longest path at the scanner's place; used alone and inside intrinsic calls. */
export function readPathText(scanner: Scanner): Path {
  const start = scanner.position;
  const root = readRoot(scanner);
  const steps = readSteps(scanner, 0);
  return { text: scanner.text.slice(start, scanner.position), root, steps, definite: areDefinite(steps) };
}

function readRoot(scanner: Scanner): PathRoot {
  scanner.expect("$");
  if (scanner.take("$")) return { kind: "context" };
  const name = scanner.match(/[\p{ID_Start}_][\p{ID_Continue}]*/uy);
  return name === null ? { kind: "input" } : { kind: "variable", name };
}

function readSteps(scanner: Scanner, depth: number): PathStep[] {
  const steps: PathStep[] = [];
  for (;;) {
    if (scanner.take("..")) {
      steps.push({ kind: "descend" }, readDotStep(scanner, depth));
    } else if (scanner.take(".")) {
      steps.push(readDotStep(scanner, depth));
    } else if (scanner.peek() === "[") {
      steps.push(readBracket(scanner, depth));
    } else {
      return steps;
    }
  }
}

function readDotStep(scanner: Scanner, depth: number): PathStep {
  if (scanner.peek() === "[") return readBracket(scanner, depth);
  if (scanner.take("*")) return { kind: "wildcard" };
  const name = scanner.match(/[^\s.[\](){}'",?@=!<>&|*~`;\\/]+/uy);
  if (name === null) throw new SyntaxRefusal("a name is missing after '.'");
  return name === "length" && scanner.take("()") ? { kind: "length" } : { kind: "name", name };
}

function readBracket(scanner: Scanner, depth: number): PathStep {
  scanner.expect("[");
  scanner.skipBlanks();
  const step = readSelector(scanner, depth);
  scanner.skipBlanks();
  scanner.expect("]");
  return step;
}

function readSelector(scanner: Scanner, depth: number): PathStep {
  if (scanner.take("*")) return { kind: "wildcard" };
  if (scanner.take("?")) {
    if (depth >= MAX_NESTING) throw new SyntaxRefusal("nested too deep");
    return { kind: "filter", filter: new FilterReader(scanner, depth + 1, readSteps).read() };
  }
  const next = scanner.peek();
  if (next === "'" || next === '"') return readNames(scanner);
  return readIndexes(scanner);
}

function readNames(scanner: Scanner): PathStep {
  const names = [readQuotedName(scanner)];
  while (nextInList(scanner)) names.push(readQuotedName(scanner));
  const [only] = names;
  return names.length === 1 && only !== undefined ? { kind: "name", name: only } : { kind: "names", names };
}

/** A backslash is an ordinary character, save before the closing quote. */
function readQuotedName(scanner: Scanner): string {
  const quote = scanner.next();
  if (quote !== "'" && quote !== '"') throw new SyntaxRefusal("a quoted name is missing");
  let name = "";
  for (;;) {
    const character = scanner.next();
    if (character === quote) return name;
    if (character === "\\" && scanner.peek() === quote) name += scanner.next();
    else name += character;
  }
}

function readIndexes(scanner: Scanner): PathStep {
  const first = readInteger(scanner);
  scanner.skipBlanks();
  if (scanner.peek() === ":") return readSlice(scanner, first);
  if (first === null) throw new SyntaxRefusal("an index is missing");
  const indexes = [first];
  while (nextInList(scanner)) {
    const index = readInteger(scanner);
    if (index === null) throw new SyntaxRefusal("an index is missing");
    indexes.push(index);
  }
  return indexes.length === 1 ? { kind: "index", index: first } : { kind: "indexes", indexes };
}

function readSlice(scanner: Scanner, from: number | null): PathStep {
  scanner.expect(":");
  scanner.skipBlanks();
  const to = readInteger(scanner);
  scanner.skipBlanks();
  const by = scanner.take(":") ? (readInteger(scanner) ?? 1) : 1;
  if (by <= 0) throw new SyntaxRefusal("the step of a slice must be positive");
  return { kind: "slice", from, to, by };
}

function readInteger(scanner: Scanner): number | null {
  const digits = scanner.match(/-?\d{1,10}/y);
  return digits === null ? null : Number(digits);
}

function nextInList(scanner: Scanner): boolean {
  scanner.skipBlanks();
  if (!scanner.take(",")) return false;
  scanner.skipBlanks();
  return true;
}
