import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { StateError } from "./error.ts";
import { parsePath } from "./path.ts";

/** A place to write to: `$`, or names and non-negative indexes below it. */
export interface ReferencePath {
  readonly text: string;
  readonly steps: readonly (string | number)[];
}

export const WHOLE_REFERENCE: ReferencePath = { text: "$", steps: [] };

/** ASL "Reference Paths": null where the text is not one. */
export function parseReferencePath(text: string): ReferencePath | null {
  const path = parsePath(text);
  if (path === null || path.root.kind !== "input" || !path.definite) return null;
  const steps: (string | number)[] = [];
  for (const step of path.steps) {
    if (step.kind === "name") steps.push(step.name);
    else if (step.kind === "index" && step.index >= 0) steps.push(step.index);
    else return null;
  }
  return { text, steps };
}

/** A copy of `input` with `value` at the path: only the containers on the way are copied, the rest is shared. */
export function applyResultPath(input: Json, path: ReferencePath, value: Json): Json {
  const place = (target: Json | undefined, depth: number): Json => {
    const step = path.steps[depth];
    if (step === undefined) return value;
    if (typeof step === "number") {
      if (!Array.isArray(target) || step >= target.length) throw mismatch(input, path);
      return target.with(step, place(target[step], depth + 1));
    }
    if (target !== undefined && !isJsonObject(target)) throw mismatch(input, path);
    const inner = target !== undefined && Object.hasOwn(target, step) ? target[step] : undefined;
    return withMember(target ?? {}, step, place(inner, depth + 1));
  };
  return place(input, 0);
}

/** defineProperty, because assigning to `__proto__` would not create a member. */
export function withMember(object: JsonObject, name: string, value: Json): JsonObject {
  if (name !== "__proto__") return { ...object, [name]: value };
  return Object.defineProperty({ ...object }, name, { value, enumerable: true, configurable: true, writable: true });
}

function mismatch(input: Json, path: ReferencePath): StateError {
  return new StateError(
    "States.ResultPathMatchFailure",
    `Unable to apply ReferencePath ${path.text} to input ${JSON.stringify(input)}`,
  );
}
