import {
  admitted,
  type Breaker,
  type BreakerPolicy,
  closedBreaker,
  probed,
  told,
} from "../domain/kernel/circuit-breaker.ts";
import { type Problem, problem } from "../domain/kernel/problem.ts";
import { type Clock, SECOND_MS } from "../domain/kernel/time.ts";
import type { Log } from "../services/context.ts";
import { within } from "../services/within.ts";

// A circuit breaker that one isolate keeps for itself, before what the whole platform stands on.
//   I1  What is down is not waited for: while the breaker is open, work fails at once as `unavailable`, with `Retry-After`.
//   I2  Work that takes longer than `timeoutMs` is given up, and counts as an outage. It may still be done.
//   I3  An outage is told as `unavailable`; every other failure passes as it is, and speaks for the health of what gave it.

export interface IsolateBreakerOptions {
  /** What is guarded, as the log and the refusal name it. */
  name: string;
  timeoutMs: number;
  policy: BreakerPolicy;
  clock: Clock;
  log: Log;
  isOutage(error: unknown): boolean;
}

/** Passes work on, or refuses it. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

export function isolateBreaker({ name, timeoutMs, policy, clock, log, isOutage }: IsolateBreakerOptions): Guard {
  let breaker: Breaker = closedBreaker();
  let successes = 0;

  function become(next: Breaker): void {
    if (next.state !== breaker.state) log.warn(`breaker.${next.state}`, { target: name, opens: next.opens });
    breaker = next;
  }

  function noteOutage(isProbe: boolean): void {
    const now = clock.now();
    become(isProbe ? probed(breaker, false, now) : told(breaker, { successes, failures: 1 }, policy, now));
    successes = 0;
  }

  function noteHealth(isProbe: boolean): void {
    if (isProbe) become(probed(breaker, true, clock.now()));
    // Told with the next outage: what is healthy costs an addition.
    else successes++;
  }

  return async (work) => {
    const admission = admitted(breaker, policy, clock.now());
    if (admission.breaker !== breaker) become(admission.breaker);
    if (!admission.isAllowed) throw unavailable(name, admission.retryAfterMs);
    try {
      const result = await inTime(work, timeoutMs);
      noteHealth(admission.isProbe);
      return result;
    } catch (error) {
      if (!(error instanceof LateError) && !isOutage(error)) {
        noteHealth(admission.isProbe);
        throw error;
      }
      noteOutage(admission.isProbe);
      throw unavailable(name, policy.openMs, error);
    }
  };
}

class LateError extends Error {}

async function inTime<T>(work: () => Promise<T>, timeoutMs: number): Promise<T> {
  return within(work(), timeoutMs, () => {
    throw new LateError(`No answer within ${timeoutMs} ms.`);
  });
}

function unavailable(name: string, retryAfterMs: number, cause?: unknown): Problem {
  return problem("unavailable", {
    detail: `The ${name} does not answer.`,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / SECOND_MS)),
    ...(cause !== undefined && { cause }),
  });
}
