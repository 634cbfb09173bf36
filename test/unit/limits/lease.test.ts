import { describe, expect, it } from "vitest";
import { type Slice, type Verdict, wantedBuckets } from "../../../domain/limits/gate.ts";
import {
  emptyLease,
  knownRefusal,
  LEASE_MS,
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
  receive(lease, { slices: slices(granted, remaining), verdict: allowed }, { at: T0, spare });
  return lease;
}

describe("a lease", () => {
  it("is spent call by call without asking, and tells what is left in all", () => {
    const lease = aLease(2);
    expect(spend(lease, wanted, T0)?.map(({ remaining }) => remaining)).toEqual([101, 101, 101]);
    expect(spend(lease, wanted, T0)?.[0]).toMatchObject({ name: "requests", limit: 6_000, remaining: 100 });
    expect(spend(lease, wanted, T0)).toBeNull();
  });

  it("ends by the time of the question, not of the answer (L1)", () => {
    const lease = aLease(5);
    expect(spend(lease, wanted, T0 + LEASE_MS - 1)).not.toBeNull();
    expect(spend(lease, wanted, T0 + LEASE_MS)).toBeNull();
  });

  it("takes nothing when one of the buckets is not held (L2)", () => {
    const lease = aLease(5);
    expect(spend(lease, wantedBuckets("user:2", "reads"), T0)).toBeNull();
    expect(surrender(lease)).toEqual(held(5));
  });

  it("gives back with the next question what was left of a slice that ended (L3), once", () => {
    const lease = aLease(5);
    spend(lease, wanted, T0);
    expect(question(lease, T0 + LEASE_MS).returned).toEqual(held(4));
    expect(question(lease, T0 + LEASE_MS).returned).toEqual({});
  });

  it("lets one question at a time bring a slice, and does not wait for one that was lost", () => {
    const lease = emptyLease();
    expect(question(lease, T0).spare).toBeGreaterThan(0);
    expect(question(lease, T0 + 999).spare).toBe(0);
    expect(question(lease, T0 + 1_000).spare).toBeGreaterThan(0);
  });

  it("asks for twice what it spent", () => {
    const lease = aLease(100);
    for (let i = 0; i < 50; i++) spend(lease, wanted, T0);
    expect(question(lease, T0).spare).toBe(100);
  });

  it("is renewed by a busy isolate before it ends or runs out, and by an idle one not", () => {
    const lease = aLease(100);
    spend(lease, wanted, T0);
    expect(shouldRenew(lease, wanted, T0 + LEASE_MS - 1)).toBe(false);
    spend(lease, wanted, T0);
    expect(shouldRenew(lease, wanted, T0)).toBe(false);
    expect(shouldRenew(lease, wanted, T0 + LEASE_MS / 2 + 1)).toBe(true);
    for (let i = 0; i < 75; i++) spend(lease, wanted, T0);
    expect(shouldRenew(lease, wanted, T0)).toBe(true);
    question(lease, T0);
    expect(shouldRenew(lease, wanted, T0)).toBe(false);
  });

  it("keeps what it held when it is renewed, and drops it when the limit is another", () => {
    const lease = aLease(5);
    receive(lease, { slices: slices(3), verdict: allowed }, { at: T0 + 100, spare: 8 });
    expect(surrender(lease).requests?.tokens).toBe(8);
    const cut = aLease(5);
    receive(cut, { slices: slices(1, 0, 10), verdict: allowed }, { at: T0 + 100, spare: 8 });
    expect(surrender(cut).requests).toEqual({ tokens: 1, limit: 10 });
  });

  it("remembers that a bucket is empty until it refills, so that a tenant at its limit costs no question", () => {
    const lease = emptyLease();
    const refused: Verdict = { allowed: false, cause: "rate", violated: ["requests"], retryAfterMs: 5_000 };
    const answer = slices(0, 0).map((slice) => ({ ...slice, moreInMs: slice.name === "requests" ? 5_000 : 0 }));
    receive(lease, { slices: answer, verdict: refused }, { at: T0, spare: 8 });
    expect(knownRefusal(lease, wanted, T0 + 500)?.verdict).toEqual({ ...refused, retryAfterMs: 4_500 });
    // A raise of the limit is seen when the lease would have ended.
    expect(knownRefusal(lease, wanted, T0 + LEASE_MS)).toBeNull();
    expect(knownRefusal(lease, wantedBuckets("user:1", "writes"), T0 + 500)).not.toBeNull();
  });

  it("asks again as soon as the bucket has refilled", () => {
    const lease = emptyLease();
    const refused: Verdict = { allowed: false, cause: "rate", violated: ["requests"], retryAfterMs: 10 };
    receive(lease, { slices: slices(0, 0), verdict: refused }, { at: T0, spare: 8 });
    expect(knownRefusal(lease, wanted, T0 + 9)).not.toBeNull();
    expect(knownRefusal(lease, wanted, T0 + 10)).toBeNull();
  });
});
