import { type Bucket, bucketAt, covers, isFull, waitMs, without } from "../../domain/limits/token-bucket.ts";
import type { AddressShield } from "../../services/limits/ports.ts";

// The share of a busy network that one isolate sees; beyond it the fullest bucket goes, which is nearest to being absent.
const MAX_ADDRESSES = 50_000;
// How often buckets that refilled are dropped, in calls.
const SWEEP_EVERY = 10_000;

/** Counts exactly, in this isolate: for a limit that configuration sets, and for callers without an address of the network. */
export function inMemoryShield(perMinute: number): AddressShield {
  const rate = { limit: perMinute, windowSeconds: 60 };
  const buckets = new Map<string, Bucket>();
  let calls = 0;
  return {
    async refusal(address, now) {
      calls += 1;
      if (calls % SWEEP_EVERY === 0 || buckets.size > MAX_ADDRESSES) sweep(buckets, now);
      const bucket = bucketAt(buckets.get(address), rate, now);
      const isAllowed = covers(bucket, 1);
      buckets.set(address, isAllowed ? without(bucket, 1) : bucket);
      return isAllowed ? null : { retryAfterMs: waitMs(bucket, 1) };
    },
  };
}

function sweep(buckets: Map<string, Bucket>, now: number): void {
  for (const [address, bucket] of buckets) {
    if (isFull(bucketAt(bucket, bucket, now))) buckets.delete(address);
  }
  // Refilled ones did not suffice: the longest unused go, which insertion order tells.
  for (const address of buckets.keys()) {
    if (buckets.size <= MAX_ADDRESSES) return;
    buckets.delete(address);
  }
}
