import { asProblem, type Problem } from "../../domain/kernel/problem.ts";
import { type Clock, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";

// Equal calls that are in flight at the same time in one isolate share one upstream call.
//   I1  One leads and asks, the others wait for what it finds. A promise of one request cannot be awaited by another, so the
//       others look at a plain value from time to time.
//   I2  A leader that fails or is cut off leaves its place to one of those that wait. When that one fails, too, it has failed for all:
//       one after the other they would wait for as many failures as there are calls.
//   I3  Not across isolates, and not for streams: there an equal call waits until the answer is in the cache, or is asked anew.

const FIRST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 25;
const BEAT_MS = 250;
/** A leader whose client left is stopped by the platform without a word; then its beat stops, too. */
const SILENCE_MS = 4 * BEAT_MS;
const MAX_WAIT_MS = 5 * MINUTE_MS;

interface Flight {
  beatAt: number;
  result: { value: unknown } | null;
  /** `null` for one that was the leader's own, such as a client that left. */
  failure: Problem | null;
  isOver: boolean;
}

const flights = new Map<string, Flight>();

export interface Shareable {
  /** Tells which calls are equal. */
  key: string;
  signal: AbortSignal | undefined;
  /** When the caller waits no longer; after five minutes where `null`. */
  until: number | null;
}

/** What `ask` answers, or what an equal call that was there before was answered. */
export async function sharedCall<T>(
  ctx: ServiceContext,
  { key, signal, until }: Shareable,
  ask: () => Promise<T>,
): Promise<{ value: T; isShared: boolean }> {
  const name = `${ctx.tenant.id}/${key}`;
  const deadline = until ?? ctx.clock.now() + MAX_WAIT_MS;
  const isLate = () => signal?.aborted === true || ctx.clock.now() >= deadline;
  let failures = 0;
  for (;;) {
    const flight = flights.get(name);
    if (flight === undefined || isLost(flight, ctx.clock))
      return { value: await lead(ctx, name, ask), isShared: false };
    await landed(flight, ctx.clock, isLate);
    // The key is the call's own digest within the tenant, so what landed under it is what `ask` would have answered.
    if (flight.result !== null) return { value: flight.result.value as T, isShared: true };
    if (flight.failure !== null && ++failures === 2) throw flight.failure;
    if (isLate()) return { value: await ask(), isShared: false };
  }
}

async function lead<T>({ clock }: ServiceContext, name: string, ask: () => Promise<T>): Promise<T> {
  const flight: Flight = { beatAt: clock.now(), result: null, failure: null, isOver: false };
  flights.set(name, flight);
  const beat = setInterval(() => {
    flight.beatAt = clock.now();
  }, BEAT_MS);
  try {
    const value = await ask();
    flight.result = { value };
    return value;
  } catch (error) {
    flight.failure = asProblem(error);
    throw error;
  } finally {
    clearInterval(beat);
    flight.isOver = true;
    if (flights.get(name) === flight) flights.delete(name);
  }
}

async function landed(flight: Flight, clock: Clock, isLate: () => boolean): Promise<void> {
  for (let waitMs = FIRST_LOOK_MS; !flight.isOver && !isLost(flight, clock) && !isLate(); ) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(LONGEST_LOOK_MS, waitMs * 2);
  }
}

function isLost({ beatAt }: Flight, clock: Clock): boolean {
  return clock.now() - beatAt > SILENCE_MS;
}
