import type { Json } from "../../kernel/json.ts";

/** Data written by hand or by machine stays far below; JSON.stringify and every recursive walk of ours hold it with ease. */
export const MAX_JSON_DEPTH = 500;

/** Whether a value is nested deeper than everything behind it may recurse. Does not recurse itself. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_JSON_DEPTH) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}
