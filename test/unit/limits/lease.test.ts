import { describe, expect, it } from "vitest";
import { type Slice, type Verdict, wantedBuckets } from "../../../domain/limits/gate.ts";
import {
  emptyLease,
  ended,
  knownRefusal,
  LEASE_MS,
  noteCounted,
  question,
  receive,
  shouldRenew,
  spend,
  surrender,
} from "../../../domain/limits/lease.ts";

const T0 = 1_000_000;
const wanted = wantedBuckets("user:1", "reads");
const allowed = { allowed: true } as const;

function slices(granted: number, remaining = 100, limit = 6_000): Slice[] {
  return wanted.map(({ bucket, name }) => ({
    bucket,
    name,
    limit,
    windowSeconds: 60,
    granted,
    remaining,
    moreInMs: 10,
  }));
}

const held = (tokens: number) => {
  const each = { tokens, limit: 6_000 };
  return { requests: each, "user:1": each, reads: each };
};

function aLease(granted: number, remaining = 100) {
  const lease = emptyLease();
  const { spare } = question(lease, T0);
  receive(lease, { slices: slices(granted, remaining), verdict: allowed, lent: null }, { at: T0, spare });
  return lease;
}

describe("a lease", () => {
  it("is spent call by call without asking, and tells what is left in all", () => {
    const lease = aLease(2);
    expect(spend(lease, wanted, null, T0)?.map(({ remaining }) => remaining)).toEqual([101, 101, 101]);
    expect(spend(lease, wanted, null, T0)?.[0]).toMatchObject({ name: "requests", limit: 6_000, remaining: 100 });
    expect(spend(lease, wanted, null, T0)).toBeNull();
  });

  it("ends by the time of the question, not of the answer (L1)", () => {
    const lease = aLease(5);
    expect(spend(lease, wanted, null, T0 + LEASE_MS - 1)).not.toBeNull();
    expect(spend(lease, wanted, null, T0 + LEASE_MS)).toBeNull();
  });

  it("takes nothing when one of the buckets is not held (L2)", () => {
    const lease = aLease(5);
    expect(spend(lease, wantedBuckets("user:2", "reads"), null, T0)).toBeNull();
    expect(surrender(lease)).toEqual(held(5));
  });

  it("gives back with the next question what was left of a slice that ended (L3), once", () => {
    const lease = aLease(5);
    spend(lease, wanted, null, T0);
    expect(question(lease, T0 + LEASE_MS).returned).toEqual(held(4));
    expect(question(lease, T0 + LEASE_MS).returned).toEqual({});
  });

  it("holds of a quota twice what was counted lately, and nothing where that is rare (L4)", () => {
    const lease = emptyLease();
    expect(question(lease, T0).spareQuota).toBe(0);
    for (let i = 0; i < 3; i++) noteCounted(lease, T0 + 1_000);
    expect(question(lease, T0 + 1_001).spareQuota).toBe(6);
    noteCounted(lease, T0 + 2_000);
    expect(question(lease, T0 + 2_000 + LEASE_MS).spareQuota).toBe(0);
  });

  it("counts against a quota what it was lent of it, until that ends with the lease or the period (L3)", () => {
    const period = { start: 0, end: T0 + 1_000 };
    const lease = aLease(5);
    expect(spend(lease, wanted, "runs", T0)).toBeNull();
    const lent = { quota: "runs", granted: 3, period } as const;
    receive(lease, { slices: slices(1), verdict: allowed, lent }, { at: T0, spare: 8 });
    expect(spend(lease, wanted, "runs", T0)).not.toBeNull();
    expect(shouldRenew(lease, wanted, "runs", T0)).toBe(false);
    expect(spend(lease, wanted, "documents", T0)).toBeNull();
    expect(spend(lease, wanted, "runs", T0 + 1_000)).toBeNull();
    expect(ended(lease, T0 + 1_000)).toEqual({ runs: { quota: "runs", tokens: 2, periodStart: 0 } });
    expect(ended(lease, T0 + 1_000)).toEqual({});
  });

  it("lets one question at a time bring a slice, and does not wait for one that was lost", () => {
    const lease = emptyLease();
    expect(question(lease, T0).spare).toBeGreaterThan(0);
    expect(question(lease, T0 + 999).spare).toBe(0);
    expect(question(lease, T0 + 1_000).spare).toBeGreaterThan(0);
  });

  it("asks for twice what it spent", () => {
    const lease = aLease(100);
    for (let i = 0; i < 50; i++) spend(lease, wanted, null, T0);
    expect(question(lease, T0).spare).toBe(100);
  });

  it("is renewed by a busy isolate before it ends or runs out, and by an idle one not", () => {
    const lease = aLease(100);
    spend(lease, wanted, null, T0);
    expect(shouldRenew(lease, wanted, null, T0 + LEASE_MS - 1)).toBe(false);
    spend(lease, wanted, null, T0);
    expect(shouldRenew(lease, wanted, null, T0)).toBe(false);
    expect(shouldRenew(lease, wanted, null, T0 + LEASE_MS / 2 + 1)).toBe(true);
    for (let i = 0; i < 75; i++) spend(lease, wanted, null, T0);
    expect(shouldRenew(lease, wanted, null, T0)).toBe(true);
    question(lease, T0);
    expect(shouldRenew(lease, wanted, null, T0)).toBe(false);
  });

  it("keeps what it held when it is renewed, and drops it when the limit is another", () => {
    const lease = aLease(5);
    receive(lease, { slices: slices(3), verdict: allowed, lent: null }, { at: T0 + 100, spare: 8 });
    expect(surrender(lease).requests?.tokens).toBe(8);
    const cut = aLease(5);
    receive(cut, { slices: slices(1, 0, 10), verdict: allowed, lent: null }, { at: T0 + 100, spare: 8 });
    expect(surrender(cut).requests).toEqual({ tokens: 1, limit: 10 });
  });

  it("remembers that a bucket is empty until it refills, so that a tenant at its limit costs no question", () => {
    const lease = emptyLease();
    const refused: Verdict = { allowed: false, cause: "rate", violated: ["requests"], retryAfterMs: 5_000 };
    const answer = slices(0, 0).map((slice) => ({ ...slice, moreInMs: slice.name === "requests" ? 5_000 : 0 }));
    receive(lease, { slices: answer, verdict: refused, lent: null }, { at: T0, spare: 8 });
    expect(knownRefusal(lease, wanted, T0 + 500)?.verdict).toEqual({ ...refused, retryAfterMs: 4_500 });
    // A raise of the limit is seen when the lease would have ended.
    expect(knownRefusal(lease, wanted, T0 + LEASE_MS)).toBeNull();
    expect(knownRefusal(lease, wantedBuckets("user:1", "writes"), T0 + 500)).not.toBeNull();
  });

  it("asks again as soon as the bucket has refilled", () => {
    const lease = emptyLease();
    const refused: Verdict = { allowed: false, cause: "rate", violated: ["requests"], retryAfterMs: 10 };
    receive(lease, { slices: slices(0, 0), verdict: refused, lent: null }, { at: T0, spare: 8 });
    expect(knownRefusal(lease, wanted, T0 + 9)).not.toBeNull();
    expect(knownRefusal(lease, wanted, T0 + 10)).toBeNull();
  });
});
