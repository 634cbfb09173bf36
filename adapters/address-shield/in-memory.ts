import { putLast } from "../../domain/kernel/bounded-map.ts";
import { type Bucket, bucketAt, covers, waitMs, without } from "../../domain/limits/token-bucket.ts";
import type { AddressShield } from "../../services/limits/ports.ts";

// More than one isolate meets in a minute; beyond it the address that was silent longest goes, and is full again.
const MAX_ADDRESSES = 50_000;

/** Counts exactly, in this isolate: for a limit that configuration sets, and for callers without an address of the network. */
export function inMemoryShield(perMinute: number): AddressShield {
  const rate = { limit: perMinute, windowSeconds: 60 };
  const buckets = new Map<string, Bucket>();
  return {
    async refusal(address, now) {
      const bucket = bucketAt(buckets.get(address), rate, now);
      const isAllowed = covers(bucket, 1);
      putLast(buckets, address, isAllowed ? without(bucket, 1) : bucket, MAX_ADDRESSES);
      return isAllowed ? null : { retryAfterMs: waitMs(bucket, 1) };
    },
  };
}
