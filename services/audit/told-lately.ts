import { putLast } from "../../domain/kernel/bounded-map.ts";
import { MINUTE_MS } from "../../domain/kernel/time.ts";

// What happens often is told once in this time by an isolate: telling of it must cost less than doing it.
const TOLD_EVERY_MS = 10 * MINUTE_MS;
const MAX_REMEMBERED = 5_000;

const told = new Map<string, number>();

/** Whether this isolate was asked about the same within ten minutes; if not, it counts as told from now on. */
export function isToldLately(key: string, now: number): boolean {
  if ((told.get(key) ?? 0) > now - TOLD_EVERY_MS) return true;
  putLast(told, key, now, MAX_REMEMBERED);
  return false;
}
