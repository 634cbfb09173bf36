import type { Json, JsonObject } from "../../kernel/json.ts";

/**
 * A copy of a JSONata result as plain JSON: without the hidden marks of sequences, with -0 as 0. Undefined where it holds
 * something JSON cannot carry (a function, a pattern, a number that is not finite) or is nested beyond the stack.
 */
export function plainJson(value: unknown): Json | undefined {
  try {
    return copy(value);
  } catch (failure) {
    if (failure instanceof NotJson || failure instanceof RangeError) return undefined;
    throw failure;
  }
}

class NotJson extends Error {}

function copy(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new NotJson();
      return value + 0;
    case "object":
      if (value === null) return null;
      return Array.isArray(value) ? value.map(copy) : copyObject(value);
    default:
      throw new NotJson();
  }
}

/** The library's own functions are objects with these marks. */
function copyObject(value: object): JsonObject {
  if ("_jsonata_lambda" in value || "_jsonata_function" in value) throw new NotJson();
  const members: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (name === "__proto__") defineMember(members, name, copy(member));
    else members[name] = copy(member);
  }
  return members;
}

/** Assigning to `__proto__` would change the prototype instead of adding a member. */
function defineMember(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
