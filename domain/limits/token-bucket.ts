// A token bucket, as a value.
//   B1  never holds more than its limit, and never less than nothing.
//   B2  time that goes backwards adds nothing and takes nothing.
//   B3  over any span it lets through at most `limit` plus what `limit` per window refills in that span.

/** `limit` requests in any window, all of them at once if need be. */
export interface RateLimit {
  limit: number;
  windowSeconds: number;
}

/** What is left at a time, and the limit that this was counted under. */
export interface Bucket extends RateLimit {
  tokens: number;
  at: number;
}

// Refills add fractions: what is short of a token by less than this is one.
const EPSILON = 1e-6;

export function fullBucket({ limit, windowSeconds }: RateLimit, now: number): Bucket {
  return { limit, windowSeconds, tokens: limit, at: now };
}

/** The bucket refilled until `now`, under the limit that holds now. */
export function bucketAt(bucket: Bucket | undefined, rate: RateLimit, now: number): Bucket {
  if (bucket === undefined) return fullBucket(rate, now);
  const at = Math.max(bucket.at, now);
  const refilled = Math.min(
    bucket.limit,
    bucket.tokens + ((at - bucket.at) * bucket.limit) / (bucket.windowSeconds * 1_000),
  );
  return {
    limit: rate.limit,
    windowSeconds: rate.windowSeconds,
    tokens: rescaled(refilled, bucket.limit, rate.limit),
    at,
  };
}

export function covers(bucket: Bucket, tokens: number): boolean {
  return bucket.tokens + EPSILON >= tokens;
}

export function without(bucket: Bucket, tokens: number): Bucket {
  return { ...bucket, tokens: Math.max(0, bucket.tokens - tokens) };
}

export function given(bucket: Bucket, tokens: number): Bucket {
  return { ...bucket, tokens: Math.min(bucket.limit, bucket.tokens + tokens) };
}

/** Whole tokens left. */
export function remaining(bucket: Bucket): number {
  return Math.floor(bucket.tokens + EPSILON);
}

/** How long until the bucket holds `tokens`; for a full bucket, nothing. */
export function waitMs(bucket: Bucket, tokens: number): number {
  const missing = Math.min(tokens, bucket.limit) - bucket.tokens;
  if (missing <= EPSILON) return 0;
  return Math.ceil((missing * bucket.windowSeconds * 1_000) / bucket.limit);
}

export function isFull(bucket: Bucket): boolean {
  return bucket.tokens + EPSILON >= bucket.limit;
}

/** A raise adds its difference at once; a cut leaves the share that was left, rounded up in the caller's favour. */
function rescaled(tokens: number, from: number, to: number): number {
  if (to === from) return tokens;
  return to > from ? tokens + (to - from) : Math.ceil((tokens * to) / from - EPSILON);
}
