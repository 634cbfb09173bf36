import type jsonata from "jsonata";
import { type Native, native, type Spend } from "./jsonata-natives.ts";
import { searchSteps } from "./work.ts";

// Functions of the library that take quadratic time in long texts, or build text without bound.

/** Four times the largest payload. */
const MAX_TEXT = 1_048_576;

export function texts(spend: Spend) {
  return {
    length: (text?: string) => text && codePoints(text),
    substring,
    pad,
    join,
    replace: replace(spend),
    contains: searching("contains", spend),
    split: searching("split", spend),
    substringAfter: searching("substringAfter", spend),
    substringBefore: searching("substringBefore", spend),
  } satisfies Record<string, Native>;
}

function searching(name: string, spend: Spend) {
  return function search(this: jsonata.Focus, text?: string, sought?: unknown, limit?: number): unknown {
    if (typeof sought === "string") spend(searchSteps(text ?? "", sought));
    return native(name, this, text, sought, limit);
  };
}

const SURROGATE = /[\ud800-\udfff]/;

/** The library takes a text apart to count its characters. */
function codePoints(text: string): number {
  return SURROGATE.test(text) ? [...text].length : text.length;
}

function substring(this: jsonata.Focus, text?: string, start = 0, length?: number): unknown {
  if (text === undefined || SURROGATE.test(text)) return native("substring", this, text, start, length);
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
  const padding = repeated(fill === undefined || fill === "" ? " " : fill, missing);
  return width > 0 ? text + padding : padding + text;
}

/** As many characters, of the text over and over. */
function repeated(text: string, length: number): string {
  const characters = [...text];
  const times = Math.floor(length / characters.length);
  return text.repeat(times) + characters.slice(0, length - times * characters.length).join("");
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
    if (text === undefined || typeof replacement !== "string")
      return native("replace", this, text, pattern, replacement, limit);
    if (typeof pattern !== "string" || pattern === "" || (limit ?? 0) < 0) {
      requireLength(text.length + Math.min(text.length + 1, limit ?? Number.POSITIVE_INFINITY) * replacement.length);
      return native("replace", this, text, pattern, replacement, limit);
    }
    spend(searchSteps(text, pattern));
    return replaced(text, pattern, replacement, limit);
  };
}

/** At once, where the library hangs piece on piece, which takes twenty times the memory. */
function replaced(text: string, pattern: string, replacement: string, limit = Number.POSITIVE_INFINITY): string {
  const pieces = text.split(pattern);
  const places = Math.min(pieces.length - 1, Math.ceil(limit));
  requireLength(text.length + places * replacement.length);
  const kept = pieces.splice(places).join(pattern);
  return [...pieces, kept].join(replacement);
}

function requireLength(length: number): void {
  if (length > MAX_TEXT) throw { message: `The text is longer than ${MAX_TEXT} characters` };
}
