import type jsonata from "jsonata";
import { natives, type Spend } from "./jsonata-natives.ts";
import { searchSteps } from "./work.ts";

// Functions of the library that take quadratic time in long texts, or build text without bound.

/** Four times the largest payload. */
const MAX_TEXT = 1_048_576;

const SEARCHES = [
  ["contains", "<s-(sf):b>"],
  ["split", "<s-(sf)n?:a<s>>"],
  ["substringAfter", "<s-s:s>"],
  ["substringBefore", "<s-s:s>"],
] as const;

export function registerText(expression: jsonata.Expression, spend: Spend): void {
  expression.registerFunction("length", (text?: string) => text && codePoints(text), "<s-:n>");
  expression.registerFunction("substring", substring, "<s-nn?:s>");
  expression.registerFunction("pad", pad, "<s-ns?:s>");
  expression.registerFunction("join", join, "<a<s>s?:s>");
  expression.registerFunction("replace", replace(spend), "<s-(sf)(sf)n?:s>");
  for (const [name, signature] of SEARCHES) expression.registerFunction(name, searching(name, spend), signature);
}

function searching(name: (typeof SEARCHES)[number][0], spend: Spend) {
  return function search(this: jsonata.Focus, text?: string, sought?: unknown, limit?: number): unknown {
    if (typeof sought === "string") spend(searchSteps(text ?? "", sought));
    return natives()[name].call(this, text, sought, limit);
  };
}

const SURROGATE = /[\ud800-\udfff]/;

/** The library takes a text apart to count its characters. */
function codePoints(text: string): number {
  return SURROGATE.test(text) ? [...text].length : text.length;
}

function substring(this: jsonata.Focus, text?: string, start = 0, length?: number): unknown {
  if (text === undefined || SURROGATE.test(text)) return natives().substring.call(this, text, start, length);
  const from = text.length + start < 0 ? 0 : start;
  if (length === undefined) return text.slice(from);
  if (length <= 0) return "";
  return text.slice(from, from >= 0 ? from + length : text.length + from + length);
}

function pad(text?: string, width?: number, fill?: string): string | undefined {
  if (text === undefined || width === undefined) return text;
  requireLength(Math.abs(width));
  const missing = Math.abs(Math.trunc(width)) - codePoints(text);
  if (missing <= 0) return text;
  const characters = [...(fill === undefined || fill === "" ? " " : fill)];
  const padding = Array.from({ length: missing }, (_, i) => characters[i % characters.length]).join("");
  return width > 0 ? text + padding : padding + text;
}

function join(texts?: string[], separator = ""): string | undefined {
  if (texts === undefined) return undefined;
  requireLength(texts.reduce((length, text) => length + text.length + separator.length, 0));
  return texts.join(separator);
}

/** A text has at most length + 1 places where something can be put in. */
function replace(spend: Spend) {
  return function replace(
    this: jsonata.Focus,
    text?: string,
    pattern?: unknown,
    replacement?: unknown,
    limit?: number,
  ): unknown {
    if (typeof pattern === "string") spend(searchSteps(text ?? "", pattern));
    if (text !== undefined && typeof replacement === "string") {
      const places = typeof pattern === "string" ? text.split(pattern).length : text.length + 1;
      requireLength(text.length + Math.min(places, limit ?? places) * replacement.length);
    }
    return natives().replace.call(this, text, pattern, replacement, limit);
  };
}

function requireLength(length: number): void {
  if (length > MAX_TEXT) throw { message: `The text is longer than ${MAX_TEXT} characters` };
}
