import { MINUTE_MS } from "../kernel/time.ts";
import type { MissedPolicy, OverlapPolicy } from "./schedule.ts";

// What becomes of the ticks of a schedule.
//   T1  Every tick is answered once: started, buffered or dropped.
//   T2  At most one tick waits for the run of another, the newest.

/** Nobody was there for a tick that is older than this: a restart of the platform takes less. */
const MISSED_AFTER_MS = MINUTE_MS;

/** Ticks that are still to be started, of those that have passed; the oldest first. */
export function wantedTicks(passed: readonly number[], missed: MissedPolicy, now: number): number[] {
  const inTime = passed.filter((tick) => now - tick <= MISSED_AFTER_MS);
  switch (missed) {
    case "all":
      return [...passed];
    case "skip":
      return inTime;
    case "latest":
      return inTime.length > 0 ? inTime : passed.slice(-1);
    default:
      return missed satisfies never;
  }
}

/** Which ticks start now, and which one waits until the run that goes on has ended. */
export function plannedStarts(
  wanted: readonly number[],
  { overlap, isRunning, buffered }: { overlap: OverlapPolicy; isRunning: boolean; buffered: number | null },
): { starts: number[]; buffered: number | null } {
  const queue = buffered === null ? [...wanted] : [buffered, ...wanted];
  if (overlap === "allow") return { starts: queue, buffered: null };
  const starts = isRunning ? [] : queue.splice(0, 1);
  return { starts, buffered: overlap === "buffer-one" ? (queue.at(-1) ?? null) : null };
}
