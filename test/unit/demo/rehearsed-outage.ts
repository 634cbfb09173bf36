import { type Outage, watchOutage } from "../../../scripts/demo/outage.ts";

export interface Rehearsal {
  outage: Outage;
  told: string[];
  clock: { now(): number; sleep(ms: number): Promise<void> };
}

/** An outage whose time passes only while it sleeps. */
export function rehearsedOutage(): Rehearsal {
  let now = 0;
  const told: string[] = [];
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const tell = { lost: () => told.push("lost"), back: (ms: number) => told.push(`back after ${ms}`) };
  return { outage: watchOutage(tell, clock), told, clock };
}
