import type { Json } from "../../kernel/json.ts";

/** The name of a JSON type as causes spell it. */
function jsonType(value: Json): "null" | "array" | "object" | "string" | "number" | "boolean" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as "object" | "string" | "number" | "boolean";
}

/** The second half of a cause about an expression that gave another type than its field takes. */
export function unexpectedType(expected: string, value: Json): string {
  return `returned an unexpected result type. Expected '${expected}', but was '${jsonType(value)}' for value: ${JSON.stringify(value)}`;
}
