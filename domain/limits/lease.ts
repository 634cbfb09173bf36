import type { Lent, Returned, Slice, Verdict, WantedBucket } from "./gate.ts";
import type { QuotaName } from "./limit.ts";
import type { RateState } from "./rate-limit-fields.ts";

// What one isolate holds of a tenant's limits: slices of buckets, and parts of quotas, that it may spend without asking the gate.
//   L1  a slice is spent until it ends, LEASE_MS after it was asked for, and never after: a limit that changed, a session
//       that ended or a suspension is in force everywhere by then.
//   L2  a call takes one token of every bucket it needs, or none.
//   L3  what is left of a slice that ended goes back with the next question. What is left of a quota is given back as soon as
//       its time is over: it does not come back by itself.
//   L4  a quota is held where calls that count against it follow one another, and nothing of it where they are rare.

export const LEASE_MS = 2_000;

export interface Lease {
  slices: Map<string, HeldSlice>;
  quotas: Map<QuotaName, HeldQuota>;
  /** When buckets that were found empty are asked about again. */
  refusedUntil: Map<string, number>;
  isSuspended: boolean;
  /** Calls since the gate was last asked: what the next slice should cover. */
  spent: number;
  /** Calls that counted against a quota since then, and when the last of them came. */
  counted: number;
  countedAt: number;
  /** When a question that brings a slice left, until it is answered. */
  askedAt: number | null;
}

interface HeldQuota {
  left: number;
  until: number;
  periodStart: number;
}

interface HeldSlice extends Omit<RateState, "moreInMs"> {
  left: number;
  until: number;
  /** When the gate has one more. */
  moreAt: number;
}

/** The first question of an isolate asks for this much; from then on for twice what it spent. */
const LEAST_SPARE = 8;
const MOST_SPARE = 10_000;
// A question whose request was abandoned is never answered.
const ASK_LOST_MS = 1_000;

export function emptyLease(): Lease {
  return {
    slices: new Map(),
    quotas: new Map(),
    refusedUntil: new Map(),
    isSuspended: false,
    spent: 0,
    counted: 0,
    countedAt: 0,
    askedAt: null,
  };
}

/** Takes a token of each bucket and of the quota, and tells how the buckets stand; null when one is not held. */
export function spend(
  lease: Lease,
  wanted: readonly WantedBucket[],
  quota: QuotaName | null,
  now: number,
): RateState[] | null {
  const heldQuota = quota === null ? null : lease.quotas.get(quota);
  if (heldQuota !== null && (heldQuota === undefined || heldQuota.left < 1 || heldQuota.until <= now)) return null;
  const held: HeldSlice[] = [];
  for (const { bucket } of wanted) {
    const slice = lease.slices.get(bucket);
    if (slice === undefined || slice.left < 1 || slice.until <= now) return null;
    held.push(slice);
  }
  for (const slice of held) slice.left -= 1;
  lease.spent += 1;
  if (heldQuota !== null) {
    heldQuota.left -= 1;
    noteCounted(lease, now);
  }
  return held.map((slice) => shown(slice, now));
}

/** Takes down a call that counts against a quota. */
export function noteCounted(lease: Lease, now: number): void {
  lease.counted = countedLately(lease, now) + 1;
  lease.countedAt = now;
}

function countedLately({ counted, countedAt }: Lease, now: number): number {
  return now - countedAt < LEASE_MS ? counted : 0;
}

/** Whether the gate said lately that one of the buckets is empty, and nothing can have come since. */
export function knownRefusal(
  lease: Lease,
  wanted: readonly WantedBucket[],
  now: number,
): { verdict: Verdict; states: RateState[] } | null {
  const empty = wanted.filter(({ bucket }) => (lease.refusedUntil.get(bucket) ?? 0) > now);
  if (empty.length === 0) return null;
  const violated = empty.map(({ name }) => name);
  const states = wanted.flatMap(({ bucket }) => {
    const slice = lease.slices.get(bucket);
    return slice === undefined ? [] : [shown(slice, now)];
  });
  const waits = states.filter(({ name }) => violated.some((one) => one === name)).map(({ moreInMs }) => moreInMs);
  return { verdict: { allowed: false, cause: "rate", violated, retryAfterMs: Math.max(1, ...waits) }, states };
}

/** Whether a busy isolate should ask for more now, while it still has some. */
export function shouldRenew(
  lease: Lease,
  wanted: readonly WantedBucket[],
  quota: QuotaName | null,
  now: number,
): boolean {
  if (lease.spent < 2 || isAsking(lease, now)) return false;
  const heldQuota = quota === null ? undefined : lease.quotas.get(quota);
  if (heldQuota !== undefined && (heldQuota.until - now < LEASE_MS / 2 || heldQuota.left * 2 < lease.counted)) {
    return true;
  }
  return wanted.some(({ bucket }) => {
    const slice = lease.slices.get(bucket);
    if (slice === undefined || slice.until - now < LEASE_MS / 2) return true;
    return slice.left * 2 < lease.spent && slice.remaining > LEAST_SPARE;
  });
}

/** What to ask the gate for; only one question at a time asks for a slice, or parallel calls would lease all there is. */
export function question(lease: Lease, now: number): { spare: number; spareQuota: number; returned: Returned } {
  const returned = ended(lease, now);
  if (isAsking(lease, now)) return { spare: 0, spareQuota: 0, returned };
  const spare = Math.min(MOST_SPARE, Math.max(LEAST_SPARE, 2 * lease.spent));
  const spareQuota = Math.min(MOST_SPARE, 2 * countedLately(lease, now));
  lease.askedAt = now;
  lease.spent = 0;
  lease.counted = 0;
  return { spare, spareQuota, returned };
}

/** Takes the gate's answer in. `askedAt` is when the question left: from then on the slice's time runs. */
export function receive(
  lease: Lease,
  answer: { slices: readonly Slice[]; verdict: Verdict; lent: Lent | null },
  asked: { at: number; spare: number },
): void {
  if (asked.spare > 0) lease.askedAt = null;
  const until = asked.at + LEASE_MS;
  const violated = answer.verdict.allowed ? [] : answer.verdict.violated;
  for (const { bucket, granted, moreInMs, ...state } of answer.slices) {
    const before = lease.slices.get(bucket);
    // Tokens of another limit are void: what was changed is in force with this answer.
    const isSame = before?.limit === state.limit && before.windowSeconds === state.windowSeconds;
    const kept = isSame && before.until > asked.at ? before.left : 0;
    const moreAt = asked.at + moreInMs;
    lease.slices.set(bucket, { ...state, left: kept + granted, until, moreAt });
    if (violated.includes(state.name)) lease.refusedUntil.set(bucket, Math.min(moreAt, until));
    else lease.refusedUntil.delete(bucket);
  }
  if (answer.lent !== null) hold(lease, answer.lent, until, asked.at);
}

function hold({ quotas }: Lease, { quota, granted, period }: Lent, until: number, now: number): void {
  const before = quotas.get(quota);
  const isSame = before !== undefined && before.periodStart === period.start && before.until > now;
  const left = (isSame ? before.left : 0) + granted;
  quotas.set(quota, { left, until: Math.min(until, period.end), periodStart: period.start });
}

/** All that is held goes back, at once. */
export function surrender(lease: Lease): Returned {
  return ended(lease, Number.POSITIVE_INFINITY);
}

/** What is left of all that has ended by now, taken out of the lease. */
export function ended(lease: Lease, now: number): Returned {
  const returned: Record<string, Returned[string]> = {};
  for (const [quota, { left: tokens, until, periodStart }] of lease.quotas) {
    if (until > now) continue;
    if (tokens > 0) returned[quota] = { quota, tokens, periodStart };
    lease.quotas.delete(quota);
  }
  for (const [bucket, slice] of lease.slices) {
    if (slice.until > now) continue;
    if (slice.left > 0) returned[bucket] = { tokens: slice.left, limit: slice.limit };
    lease.slices.delete(bucket);
    lease.refusedUntil.delete(bucket);
  }
  return returned;
}

function isAsking(lease: Lease, now: number): boolean {
  return lease.askedAt !== null && now - lease.askedAt < ASK_LOST_MS && now >= lease.askedAt;
}

function shown({ name, limit, windowSeconds, remaining, left, moreAt }: HeldSlice, now: number): RateState {
  return { name, limit, windowSeconds, remaining: remaining + left, moreInMs: Math.max(0, moreAt - now) };
}
