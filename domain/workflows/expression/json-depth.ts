import type { Json } from "../../kernel/json.ts";

/** Data written by hand or by machine stays far below; JSON.stringify and every recursive walk of ours hold it with ease. */
export const MAX_JSON_DEPTH = 500;

/** Whether a value is nested deeper than everything behind it may recurse. Itself recurses no further than that. */
export function isTooDeep(value: Json): boolean {
  return isDeeperThan(value, MAX_JSON_DEPTH);
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (levels === 0 || isDeeperThan(item, levels - 1)) return true;
    }
    return false;
  }
  for (const name in value) {
    if (levels === 0 || isDeeperThan(value[name] as Json, levels - 1)) return true;
  }
  return false;
}
