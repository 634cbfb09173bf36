import * as z from "zod";
import { MINUTE_MS, SECOND_MS } from "./time.ts";

// When something outside is no longer asked, and when it is tried again.
//   B1  Closed opens on enough failures in a row, or on a failure rate over a minimum of calls within the window.
//   B2  Open refuses until its time is over; then one call, the probe, is let through: half-open.
//   B3  The probe's success closes, its failure opens anew. A probe that is never heard of again is replaced by another.
//   B4  What is told of calls that began before the breaker opened changes nothing until a probe has decided.

export const BreakerState = z.enum(["closed", "open", "half-open"]);
export type BreakerState = z.infer<typeof BreakerState>;

export interface BreakerPolicy {
  consecutiveFailures: number;
  failureRate: number;
  /** Fewer calls than this say nothing about a rate. */
  minCalls: number;
  openMs: number;
}

/** Of models. Five in a row are no accident; half of twenty is a provider that costs more time than it saves. */
export function breakerPolicy(openSeconds: number | null): BreakerPolicy {
  return { consecutiveFailures: 5, failureRate: 0.5, minCalls: 20, openMs: (openSeconds ?? 30) * SECOND_MS };
}

/**
 * Of what tenants' tasks call. Many runs call one address, each with retries of its own, and what it answers is mostly its own
 * word; so more is needed to give it up, and it is looked at again soon.
 */
export const ENDPOINT_POLICY: BreakerPolicy = {
  consecutiveFailures: 10,
  failureRate: 0.5,
  minCalls: 20,
  openMs: 5 * SECOND_MS,
};

/** Of what the platform stands on: every second that it is given up too long is an outage of our own making. */
export const PLATFORM_POLICY: BreakerPolicy = {
  consecutiveFailures: 5,
  failureRate: 0.5,
  minCalls: 20,
  openMs: 2 * SECOND_MS,
};

const WINDOW_MS = MINUTE_MS;
const SLOTS = 6;
const SLOT_MS = WINDOW_MS / SLOTS;
/** As long as a provider may be silent by default; a probe that takes longer has lost its turn. */
export const PROBE_MS = 120 * SECOND_MS;

/** What was heard since the last word: successes first, then failures. */
export interface Tally {
  successes: number;
  failures: number;
}

interface Slot extends Tally {
  /** Number of the slot since the epoch. */
  at: number;
}

export interface Breaker {
  state: BreakerState;
  /** When it opened last. */
  openedAt: number | null;
  /** Since when a probe is on its way. */
  probeAt: number | null;
  consecutiveFailures: number;
  slots: Slot[];
  opens: number;
}

export function closedBreaker(opens = 0): Breaker {
  return { state: "closed", openedAt: null, probeAt: null, consecutiveFailures: 0, slots: [], opens };
}

export type Admission =
  | { isAllowed: true; isProbe: boolean; breaker: Breaker }
  | { isAllowed: false; retryAfterMs: number; breaker: Breaker };

/** Whether a call may be made now; a breaker whose time is over lets one through as its probe. */
export function admitted(breaker: Breaker, policy: BreakerPolicy, now: number): Admission {
  switch (breaker.state) {
    case "closed":
      return { isAllowed: true, isProbe: false, breaker };
    case "open": {
      const retryAfterMs = (breaker.openedAt ?? now) + policy.openMs - now;
      if (retryAfterMs > 0) return { isAllowed: false, retryAfterMs, breaker };
      return { isAllowed: true, isProbe: true, breaker: { ...breaker, state: "half-open", probeAt: now } };
    }
    case "half-open": {
      const isLost = now - (breaker.probeAt ?? 0) >= PROBE_MS;
      if (!isLost) return { isAllowed: false, retryAfterMs: SECOND_MS, breaker };
      return { isAllowed: true, isProbe: true, breaker: { ...breaker, probeAt: now } };
    }
  }
}

/** The breaker after what was heard of calls that it had let through while it was closed. */
export function told(breaker: Breaker, { successes, failures }: Tally, policy: BreakerPolicy, now: number): Breaker {
  const slots = withTally(breaker.slots, { successes, failures }, now);
  if (breaker.state !== "closed") return { ...breaker, slots };
  const consecutiveFailures = failures + (successes > 0 ? 0 : breaker.consecutiveFailures);
  const { calls, rate } = failureRate({ slots }, now);
  const isSick =
    failures > 0 &&
    (consecutiveFailures >= policy.consecutiveFailures || (calls >= policy.minCalls && rate >= policy.failureRate));
  const heard = { ...breaker, slots, consecutiveFailures };
  return isSick ? opened(heard, now) : heard;
}

/** The breaker after its probe. `null`: the probe found nothing out, and the next call is the probe. */
export function probed(breaker: Breaker, isHealthy: boolean | null, now: number): Breaker {
  if (breaker.state !== "half-open") return breaker;
  if (isHealthy === null) return { ...breaker, state: "open", probeAt: null };
  return isHealthy ? closedBreaker(breaker.opens) : opened(breaker, now);
}

/** Of the calls within the window. */
export function failureRate({ slots }: Pick<Breaker, "slots">, now: number): { calls: number; rate: number } {
  const recent = slots.filter((slot) => isRecent(slot, now));
  const failures = recent.reduce((sum, slot) => sum + slot.failures, 0);
  const calls = recent.reduce((sum, slot) => sum + slot.successes + slot.failures, 0);
  return { calls, rate: calls === 0 ? 0 : failures / calls };
}

function opened(breaker: Breaker, now: number): Breaker {
  return { ...breaker, state: "open", openedAt: now, probeAt: null, opens: breaker.opens + 1 };
}

function withTally(slots: readonly Slot[], { successes, failures }: Tally, now: number): Slot[] {
  const at = Math.floor(now / SLOT_MS);
  const recent = slots.filter((slot) => isRecent(slot, now));
  const last = recent.at(-1);
  if (last?.at !== at) return [...recent, { at, successes, failures }];
  return [...recent.slice(0, -1), { at, successes: last.successes + successes, failures: last.failures + failures }];
}

function isRecent({ at }: Slot, now: number): boolean {
  return at > Math.floor(now / SLOT_MS) - SLOTS;
}
