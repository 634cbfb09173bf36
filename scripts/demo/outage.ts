import { setTimeout as sleep } from "node:timers/promises";
import { Unreachable } from "./api.ts";

/** How long the demo waits for a server that went away: long enough to start it again by hand. */
export const MAX_OUTAGE_MS = 60_000;
const PAUSE_MS = 500;

export interface Outage {
  /** Counts a failure and waits a moment; throws it when the server has been away for too long, or when waiting cannot mend it. */
  wait(error: unknown): Promise<void>;
  /** The server has answered. */
  over(): void;
}

/** Tells once when the server goes away and once when it is back. */
export function watchOutage(
  tell: { lost(): void; back(afterMs: number): void },
  clock: { now(): number; sleep(ms: number): Promise<unknown> } = { now: Date.now, sleep },
): Outage {
  let since: number | null = null;
  return {
    async wait(error) {
      if (!(error instanceof Unreachable)) throw error;
      if (since === null) {
        since = clock.now();
        tell.lost();
      }
      if (clock.now() - since >= MAX_OUTAGE_MS) throw error;
      await clock.sleep(PAUSE_MS);
    },
    over() {
      if (since === null) return;
      tell.back(clock.now() - since);
      since = null;
    },
  };
}

/** Repeats work that harms nothing when repeated, for as long as an outage may last. */
export async function patiently<T>(outage: Outage, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const result = await work();
      outage.over();
      return result;
    } catch (error) {
      await outage.wait(error);
    }
  }
}
