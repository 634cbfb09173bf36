import type { Json } from "../../kernel/json.ts";
import { isTooDeep, MAX_JSON_DEPTH } from "../expression/json-depth.ts";

// JSON.stringify turns one UTF-16 unit into at most six bytes ("\u0000").
const MAX_BYTES_PER_UNIT = 6;
const MAX_BYTES_PER_NUMBER = 25;
const CHARACTERS_PER_SCALAR = 4;

/** Why a value may not be an input, an output or a result; `null` where it may. */
export function payloadFault(value: Json, maxBytes: number): "too-deep" | "too-large" | null {
  if (upperBound(value, maxBytes, MAX_JSON_DEPTH) <= maxBytes) return null;
  // First: what is too deep cannot be written as text to be measured.
  if (isTooDeep(value)) return "too-deep";
  return textBytes(value) <= maxBytes ? null : "too-large";
}

/** Whether the value's JSON text has at most `maxBytes` bytes in UTF-8. Small values are only estimated from above. */
export function isWithin(value: Json, maxBytes: number): boolean {
  return upperBound(value, maxBytes, MAX_JSON_DEPTH) <= maxBytes || textBytes(value) <= maxBytes;
}

function textBytes(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** About the characters of its JSON text; the same before and after it was written and read. */
export function charactersOf(value: Json | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return CHARACTERS_PER_SCALAR;
  let characters = 2;
  if (Array.isArray(value)) {
    for (const item of value) characters += charactersOf(item) + 1;
    return characters;
  }
  for (const key in value) {
    const member = value[key];
    if (member !== undefined) characters += key.length + 4 + charactersOf(member);
  }
  return characters;
}

/** Infinite where the value is nested deeper than `levels`. */
function upperBound(value: Json, stopAt: number, levels: number): number {
  if (typeof value === "string") return value.length * MAX_BYTES_PER_UNIT + 2;
  if (typeof value !== "object" || value === null) return MAX_BYTES_PER_NUMBER;
  if (levels === 0) return Number.POSITIVE_INFINITY;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      bytes += upperBound(item, stopAt - bytes, levels - 1) + 1;
      if (bytes > stopAt) break;
    }
    return bytes;
  }
  for (const key in value) {
    bytes += key.length * MAX_BYTES_PER_UNIT + 4 + upperBound(value[key] as Json, stopAt - bytes, levels - 1);
    if (bytes > stopAt) break;
  }
  return bytes;
}
