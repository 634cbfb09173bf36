import type { Json } from "../../kernel/json.ts";
import { isTooDeep } from "../expression/json-depth.ts";

// JSON.stringify turns one UTF-16 unit into at most six bytes ("\u0000").
const MAX_BYTES_PER_UNIT = 6;
const MAX_BYTES_PER_NUMBER = 25;

/** Why a value may not be an input, an output or a result; `null` where it may. */
export function payloadFault(value: Json, maxBytes: number): "too-deep" | "too-large" | null {
  // First: what is too deep cannot be written as text to be measured.
  if (isTooDeep(value)) return "too-deep";
  return isWithin(value, maxBytes) ? null : "too-large";
}

/** Whether the value's JSON text has at most `maxBytes` bytes in UTF-8. Small values are only estimated from above. */
export function isWithin(value: Json, maxBytes: number): boolean {
  if (upperBound(value, maxBytes) <= maxBytes) return true;
  return new TextEncoder().encode(JSON.stringify(value)).length <= maxBytes;
}

function upperBound(value: Json, stopAt: number): number {
  if (typeof value === "string") return value.length * MAX_BYTES_PER_UNIT + 2;
  if (typeof value !== "object" || value === null) return MAX_BYTES_PER_NUMBER;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      bytes += upperBound(item, stopAt - bytes) + 1;
      if (bytes > stopAt) break;
    }
    return bytes;
  }
  for (const key in value) {
    bytes += key.length * MAX_BYTES_PER_UNIT + 4 + upperBound(value[key] as Json, stopAt - bytes);
    if (bytes > stopAt) break;
  }
  return bytes;
}
