import { isJsonObject, type Json } from "../../kernel/json.ts";
import { ParseCache } from "./parse-cache.ts";
import type { EvaluationScope } from "./scope.ts";

// Most expressions only name a value: `$states.input.order.id`, `$total`. Those are read here, some twenty times faster than
// by the library. Whatever JSONata would treat in a way of its own (arrays on the way, values that are not there) is left to it.

const PLAIN = /^\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)$/;
/** Names that JSONata reads as operators or literals. */
const WORDS = new Set(["and", "or", "in", "true", "false", "null", "function"]);

interface PlainPath {
  readonly root: string;
  readonly names: readonly string[];
}

const cache = new ParseCache<PlainPath | null>();

/** The value an expression names, or undefined where the library must say. */
export function readPlainPath(text: string, scope: EvaluationScope): Json | undefined {
  const known = cache.get(text);
  const path = known === undefined ? remember(text) : known;
  if (path === null) return undefined;
  const { root, names } = path;
  if (root !== "states")
    return Object.hasOwn(scope.variables, root) ? walk(scope.variables[root], names, 0) : undefined;
  switch (names[0]) {
    case "input":
      return walk(scope.input, names, 1);
    case "context":
      return walk(scope.context, names, 1);
    case "result":
      return walk(scope.result, names, 1);
    case "errorOutput":
      return walk(scope.errorOutput, names, 1);
    default:
      return undefined;
  }
}

/** Whether an expression only names a value; it needs no further check. */
export function isPlainPath(text: string): boolean {
  return parse(text) !== null;
}

function remember(text: string): PlainPath | null {
  const path = parse(text);
  cache.set(text, path);
  return path;
}

function parse(text: string): PlainPath | null {
  const [, root, tail] = PLAIN.exec(text) ?? [];
  if (root === undefined || tail === undefined) return null;
  const names = tail.split(".").slice(1);
  return names.some((name) => WORDS.has(name)) ? null : { root, names };
}

function walk(start: Json | undefined, names: readonly string[], from: number): Json | undefined {
  let value = start;
  for (let i = from; i < names.length; i += 1) {
    const name = names[i] as string;
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
