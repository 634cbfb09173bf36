import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Bucket,
  bucketAt,
  covers,
  fullBucket,
  given,
  isFull,
  remaining,
  waitMs,
  without,
} from "../../../domain/limits/token-bucket.ts";

const rate = { limit: 10, windowSeconds: 60 };
const empty: Bucket = { ...rate, tokens: 0, at: 0 };

describe("a token bucket", () => {
  it("lets all of its limit through at once, and then one in every tenth of the window", () => {
    let bucket = fullBucket(rate, 0);
    for (let i = 0; i < 10; i++) bucket = without(bucket, 1);
    expect(covers(bucket, 1)).toBe(false);
    expect(waitMs(bucket, 1)).toBe(6_000);
    expect(covers(bucketAt(bucket, rate, 5_999), 1)).toBe(false);
    expect(covers(bucketAt(bucket, rate, 6_000), 1)).toBe(true);
  });

  it("never holds more than its limit (B1)", () => {
    expect(remaining(bucketAt(empty, rate, 1_000_000))).toBe(10);
    expect(remaining(given(empty, 99))).toBe(10);
    expect(isFull(bucketAt(empty, rate, 60_000))).toBe(true);
  });

  it("gains and loses nothing when the clock steps back (B2)", () => {
    const half = bucketAt({ ...empty, at: 100_000 }, rate, 130_000);
    expect(remaining(half)).toBe(5);
    const stepped = bucketAt(half, rate, 10_000);
    expect(stepped).toEqual(half);
    expect(remaining(bucketAt(stepped, rate, 136_000))).toBe(6);
  });

  it("gives a raise at once, and leaves after a cut the share that was left", () => {
    expect(bucketAt(empty, { limit: 25, windowSeconds: 60 }, 0).tokens).toBe(15);
    expect(bucketAt({ ...empty, tokens: 5 }, { limit: 4, windowSeconds: 60 }, 0).tokens).toBe(2);
    expect(bucketAt({ ...empty, limit: 6_000, tokens: 5_990 }, { limit: 5, windowSeconds: 60 }, 0).tokens).toBe(5);
  });

  it("lets through at most its limit and what refills, whenever it is asked (B3)", () => {
    const times = fc.array(fc.integer({ min: -2_000, max: 20_000 }), { minLength: 1, maxLength: 200 });
    const rates = fc.record({
      limit: fc.integer({ min: 1, max: 50 }),
      windowSeconds: fc.integer({ min: 1, max: 120 }),
    });
    fc.assert(
      fc.property(rates, times, (rule, steps) => {
        let now = 1_000_000;
        let latest = now;
        let passed = 0;
        let bucket = fullBucket(rule, now);
        for (const step of steps) {
          now += step;
          latest = Math.max(latest, now);
          bucket = bucketAt(bucket, rule, now);
          if (covers(bucket, 1)) {
            bucket = without(bucket, 1);
            passed += 1;
          }
        }
        const refilled = ((latest - 1_000_000) * rule.limit) / (rule.windowSeconds * 1_000);
        expect(passed).toBeLessThanOrEqual(rule.limit + refilled + 0.001);
      }),
    );
  });

  it("holds a token after the wait it names", () => {
    const buckets = fc.record({
      limit: fc.integer({ min: 1, max: 1_000_000 }),
      windowSeconds: fc.integer({ min: 1, max: 86_400 }),
    });
    fc.assert(
      fc.property(buckets, (rule) => {
        const bucket = { ...rule, tokens: 0, at: 0 };
        expect(covers(bucketAt(bucket, rule, waitMs(bucket, 1)), 1)).toBe(true);
      }),
    );
  });
});
