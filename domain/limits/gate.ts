import { SECOND_MS } from "../kernel/time.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Endpoint, EndpointClass } from "./endpoint.ts";
import type { Limit, QuotaName } from "./limit.ts";
import { QUOTA_NAMES, RATE_NAMES, type RateName } from "./limit.ts";
import type { Policy } from "./policy.ts";
import type { RateState } from "./rate-limit-fields.ts";
import { type Bucket, bucketAt, covers, given, isFull, remaining, waitMs, without } from "./token-bucket.ts";

// What a tenant's gate decides about one call.
//   G1  every bucket and the quota are looked at before one is taken from: a call that is refused takes nothing.
//   G2  what is leased out is taken here first, so leases never let more through than the limit.
//   G3  a lease is at most an eighth of what is left, and nothing of a last LEAST_LEASED: near its end, and always where it
//       is small, a limit is counted call by call, so that no call is refused for a token that lies with somebody else.
//   G4  what a quota lends is used from then on, until it is given back. It reaches no mark: the call that does is counted here.

/** Tokens by bucket, and what a billing period has used. A bucket that is absent is full. */
export interface GateBook {
  buckets: ReadonlyMap<string, Bucket>;
  usage: Usage;
}

export interface Usage {
  periodStart: number;
  used: Record<QuotaName, number>;
}

export interface GateAsk {
  /** `user:usr_...` or `key:key_...`. */
  principal: string;
  endpoint: Endpoint;
  /** 0 renews a lease without a call. */
  cost: 0 | 1;
  /** Tokens the caller would like to hold for calls to come. */
  spare: number;
  /** How much of the endpoint's quota it would like to hold. */
  spareQuota: number;
  returned: Returned;
}

/**
 * Tokens of earlier leases that came to nothing: by bucket, with the limit that they were leased under, and by quota, with the
 * beginning of the period that they were lent in.
 */
export type Returned = Readonly<Record<string, { tokens: number; limit: number } | LentTokens>>;

interface LentTokens {
  quota: QuotaName;
  tokens: number;
  periodStart: number;
}

export type Verdict =
  | { allowed: true }
  | { allowed: false; cause: "rate"; violated: string[]; retryAfterMs: number }
  | { allowed: false; cause: "quota"; violated: string[]; retryAfterMs: number; quota: RateState };

/** A part of a bucket that the caller may spend by itself; `remaining` is what the gate keeps. */
export interface Slice extends RateState {
  bucket: string;
  granted: number;
}

/** A part of a quota that the caller may count by itself until the period ends. */
export interface Lent {
  quota: QuotaName;
  granted: number;
  period: BillingPeriod;
}

export interface GateDecision {
  verdict: Verdict;
  slices: Slice[];
  lent: Lent | null;
  /** Quotas that this call took past a mark that is told to the tenant. */
  crossed: Crossing[];
  /** What of the book changed. */
  buckets: [string, Bucket][];
  usage: Usage;
}

export interface Crossing {
  quota: QuotaName;
  percent: number;
  used: number;
  limit: number;
}

export interface WantedBucket {
  bucket: string;
  name: RateName;
}

const LEASED_SHARE = 1 / 8;
// So few calls in a window are few questions, too.
const LEAST_LEASED = 256;
/** Part of a quota at which the tenant is told. */
const MARKS = [80, 100];

/** The buckets that a call takes from. */
export function wantedBuckets(principal: string, endpointClass: EndpointClass): WantedBucket[] {
  return [
    { bucket: "requests", name: "requests" },
    { bucket: principal, name: "requests-per-principal" },
    { bucket: endpointClass, name: endpointClass },
  ];
}

export function decide(book: GateBook, ask: GateAsk, policy: Policy, period: BillingPeriod, now: number): GateDecision {
  const back = withReturned(book, ask.returned, period, now);
  const { usage } = back;
  const changed = new Map(back.buckets);
  const wanted = wantedBuckets(ask.principal, ask.endpoint.class).map(({ bucket, name }) => ({
    key: bucket,
    name,
    bucket: bucketAt(changed.get(bucket) ?? book.buckets.get(bucket), policy.rates[name], now),
  }));
  const verdict = judge(wanted, ask, usage, policy, period, now);
  const left = Math.min(...wanted.map(({ bucket }) => remaining(bucket) - ask.cost));
  const spare = verdict.allowed && left >= LEAST_LEASED ? Math.min(ask.spare, Math.floor(left * LEASED_SHARE)) : 0;
  const taken = verdict.allowed ? ask.cost + spare : 0;
  const slices = wanted.map(({ key, name, bucket }): Slice => {
    const rest = without(bucket, taken);
    changed.set(key, rest);
    return { bucket: key, granted: spare, ...rateState(name, rest) };
  });
  return { verdict, slices, buckets: [...changed], ...counted(verdict, ask, usage, policy, period) };
}

/** What an allowed call, and what it would like to hold, take from its quota. */
function counted(
  { allowed }: Verdict,
  { endpoint: { quota }, cost, spareQuota }: GateAsk,
  before: Usage,
  policy: Policy,
  period: BillingPeriod,
): Pick<GateDecision, "usage" | "crossed" | "lent"> {
  if (!allowed || quota === null || quota.cost === 0) return { usage: before, crossed: [], lent: null };
  const { name } = quota;
  const { usage, crossed } =
    cost === 0 ? { usage: before, crossed: [] } : withCounted(before, name, quota.cost * cost, policy);
  const granted = lendable(usage.used[name], policy.quotas[name].limit, spareQuota);
  if (granted === 0) return { usage, crossed, lent: null };
  return { usage: withUsed(usage, name, granted), crossed, lent: { quota: name, granted, period } };
}

function lendable(used: number, limit: number, wanted: number): number {
  const left = limit - used;
  if (left < LEAST_LEASED) return 0;
  const marks = MARKS.map((percent) => Math.ceil((limit * percent) / 100)).filter((mark) => mark > used);
  return Math.min(wanted, Math.floor(left * LEASED_SHARE), Math.min(...marks) - 1 - used);
}

/** What takes tokens back: buckets, and what is used of quotas. Those of a limit that has changed since, or of another period, are void. */
export function withReturned(
  book: GateBook,
  returned: Returned,
  period: BillingPeriod,
  now: number,
): { buckets: [string, Bucket][]; usage: Usage } {
  const buckets: [string, Bucket][] = [];
  let usage = usageOf(book.usage, period);
  for (const [key, back] of Object.entries(returned)) {
    if ("periodStart" in back) {
      if (back.periodStart === usage.periodStart) usage = withUsed(usage, back.quota, -back.tokens);
      continue;
    }
    const bucket = book.buckets.get(key);
    if (bucket?.limit === back.limit) buckets.push([key, given(bucketAt(bucket, bucket, now), back.tokens)]);
  }
  return { buckets, usage };
}

/** Adds what turned out to be used, or, below zero, gives back what came to nothing. */
export function count(book: GateBook, quota: QuotaName, amount: number, policy: Policy, period: BillingPeriod) {
  return withCounted(usageOf(book.usage, period), quota, amount, policy);
}

/** Every limit as the tenant is told, the principal's own among them. */
export function limitsOf(
  book: GateBook,
  principal: string,
  policy: Policy,
  period: BillingPeriod,
  now: number,
): Omit<Limit, "resetsAt">[] {
  const usage = usageOf(book.usage, period);
  return [
    ...RATE_NAMES.map((name) => {
      const { limit, windowSeconds, source } = policy.rates[name];
      const key = name === "requests-per-principal" ? principal : name;
      const left = remaining(bucketAt(book.buckets.get(key), policy.rates[name], now));
      return { name, limit, windowSeconds, used: limit - left, remaining: left, source };
    }),
    ...QUOTA_NAMES.map((name) => {
      const { limit, source } = policy.quotas[name];
      const used = usage.used[name];
      return { name, limit, used, remaining: Math.max(0, limit - used), source };
    }),
  ];
}

/** Buckets that say more than their absence would. */
export function notFull(buckets: ReadonlyMap<string, Bucket>, now: number): [string, Bucket][] {
  return [...buckets].filter(([, bucket]) => !isFull(bucketAt(bucket, bucket, now)));
}

export function noUsage(period: BillingPeriod): Usage {
  return { periodStart: period.start, used: { runs: 0, documents: 0, "llm-tokens": 0 } };
}

function judge(
  wanted: readonly { name: RateName; bucket: Bucket }[],
  { endpoint: { quota }, cost }: GateAsk,
  usage: Usage,
  policy: Policy,
  period: BillingPeriod,
  now: number,
): Verdict {
  const short = wanted.filter(({ bucket }) => !covers(bucket, cost));
  if (short.length > 0) {
    const retryAfterMs = Math.max(...short.map(({ bucket }) => waitMs(bucket, cost)));
    return { allowed: false, cause: "rate", violated: short.map(({ name }) => name), retryAfterMs };
  }
  if (quota !== null) {
    const { limit, isHard } = policy.quotas[quota.name];
    // A cost that is not known before needs something to be left.
    if (isHard && usage.used[quota.name] + Math.max(1, quota.cost) > limit) {
      const retryAfterMs = period.end - now;
      const windowSeconds = Math.ceil((period.end - period.start) / SECOND_MS);
      const remaining = Math.max(0, limit - usage.used[quota.name]);
      const state = { name: quota.name, limit, windowSeconds, remaining, moreInMs: retryAfterMs };
      return { allowed: false, cause: "quota", violated: [quota.name], retryAfterMs, quota: state };
    }
  }
  return { allowed: true };
}

function rateState(name: RateName, bucket: Bucket): RateState {
  const left = remaining(bucket);
  const { limit, windowSeconds } = bucket;
  return { name, limit, windowSeconds, remaining: left, moreInMs: waitMs(bucket, left + 1) };
}

function usageOf(usage: Usage, period: BillingPeriod): Usage {
  return usage.periodStart === period.start ? usage : noUsage(period);
}

function withCounted(
  usage: Usage,
  quota: QuotaName,
  amount: number,
  policy: Policy,
): { usage: Usage; crossed: Crossing[] } {
  const before = usage.used[quota];
  const after = withUsed(usage, quota, amount);
  const used = after.used[quota];
  const { limit } = policy.quotas[quota];
  const crossed = MARKS.filter((percent) => before * 100 < limit * percent && used * 100 >= limit * percent).map(
    (percent) => ({ quota, percent, used, limit }),
  );
  return { usage: after, crossed };
}

function withUsed(usage: Usage, quota: QuotaName, amount: number): Usage {
  return { ...usage, used: { ...usage.used, [quota]: Math.max(0, usage.used[quota] + amount) } };
}
