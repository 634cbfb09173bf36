import { describe, expect, it } from "vitest";
import { billingPeriod } from "../../../domain/limits/billing-period.ts";
import type { Endpoint } from "../../../domain/limits/endpoint.ts";
import { count, decide, type GateAsk, type GateBook, limitsOf, notFull, noUsage } from "../../../domain/limits/gate.ts";
import { type LimitOverride, policyOf } from "../../../domain/limits/policy.ts";
import type { Bucket } from "../../../domain/limits/token-bucket.ts";

const T0 = Date.UTC(2026, 10, 22);
const period = billingPeriod(null, T0);
const read: Endpoint = { class: "reads", quota: null };
const start: Endpoint = { class: "run-starts", quota: { name: "runs", cost: 1 } };
const model: Endpoint = { class: "model-calls", quota: { name: "llm-tokens", cost: 0 } };

function limited(limits: Record<string, number>) {
  const overrides = Object.entries(limits).map(
    ([name, limit]): LimitOverride => ({ name, limit, windowSeconds: 60, expiresAt: null }),
  );
  return policyOf("free", overrides, T0);
}

/** A gate whose book follows its decisions. */
function aGate(policy = policyOf("free", [], T0)) {
  const buckets = new Map<string, Bucket>();
  const book: GateBook = { buckets, usage: noUsage(period) };
  return {
    book,
    ask(changes: Partial<GateAsk> = {}, now = T0, rules = policy, when = period) {
      const ask: GateAsk = {
        principal: "user:1",
        endpoint: read,
        cost: 1,
        spare: 0,
        spareQuota: 0,
        returned: {},
        ...changes,
      };
      const decision = decide(book, ask, rules, when, now);
      for (const [key, bucket] of decision.buckets) buckets.set(key, bucket);
      book.usage = decision.usage;
      return decision;
    },
    left: (name: string, principal = "user:1", now = T0) =>
      limitsOf(book, principal, policy, period, now).find((limit) => limit.name === name)?.remaining,
  };
}

describe("a tenant's gate", () => {
  it("lets exactly the limit through, whoever of the tenant asks", () => {
    const gate = aGate(limited({ requests: 100 }));
    const verdicts = Array.from({ length: 300 }, (_, i) => gate.ask({ principal: `user:${i % 7}` }).verdict.allowed);
    expect(verdicts.filter(Boolean)).toHaveLength(100);
  });

  it("takes nothing for a call that one of the buckets refuses (G1)", () => {
    const gate = aGate(limited({ reads: 1 }));
    gate.ask();
    const { verdict } = gate.ask();
    expect(verdict).toEqual({ allowed: false, cause: "rate", violated: ["reads"], retryAfterMs: 60_000 });
    expect(gate.left("requests")).toBe(5_999);
    expect(gate.left("requests-per-principal")).toBe(5_999);
  });

  it("names every bucket that refuses, and the longest wait", () => {
    const gate = aGate(limited({ requests: 2, reads: 1 }));
    gate.ask();
    gate.ask({ endpoint: start });
    expect(gate.ask().verdict).toEqual({
      allowed: false,
      cause: "rate",
      violated: ["requests", "reads"],
      retryAfterMs: 60_000,
    });
  });

  it("keeps principals apart within the tenant's limit", () => {
    const gate = aGate(limited({ "requests-per-principal": 1 }));
    expect(gate.ask({ principal: "key:1" }).verdict.allowed).toBe(true);
    expect(gate.ask({ principal: "key:1" }).verdict.allowed).toBe(false);
    expect(gate.ask({ principal: "key:2" }).verdict.allowed).toBe(true);
  });

  it("leases at most an eighth of what is left, and nothing when little is (G2, G3)", () => {
    const gate = aGate(limited({ requests: 801 }));
    expect(gate.ask({ spare: 1_000 }).slices[0]).toMatchObject({ granted: 100, remaining: 700 });
    const small = aGate(limited({ requests: 256 }));
    expect(small.ask({ spare: 1_000 }).slices[0]).toMatchObject({ granted: 0, remaining: 255 });
  });

  it("takes back what a lease did not spend", () => {
    const gate = aGate(limited({ requests: 801 }));
    gate.ask({ spare: 1_000 });
    gate.ask({ returned: { requests: { tokens: 100, limit: 801 } } });
    expect(gate.left("requests")).toBe(799);
  });

  it("does not hold more than the limit however much is given back", () => {
    const gate = aGate(limited({ requests: 10 }));
    gate.ask();
    gate.ask({ returned: { requests: { tokens: 1_000, limit: 10 }, nothing: { tokens: 5, limit: 10 } } });
    expect(gate.left("requests")).toBe(9);
  });

  it("takes nothing back that was leased under another limit", () => {
    const gate = aGate(limited({ requests: 10 }));
    for (let i = 0; i < 10; i++) gate.ask();
    gate.ask({ returned: { requests: { tokens: 50, limit: 6_000 } } });
    expect(gate.left("requests")).toBe(0);
  });

  it("renews a lease without counting a call", () => {
    const gate = aGate(limited({ requests: 800 }));
    const { slices } = gate.ask({ cost: 0, spare: 5 });
    expect(slices[0]).toMatchObject({ granted: 5, remaining: 795 });
  });

  it("counts under the limit that holds now", () => {
    const gate = aGate();
    gate.ask();
    const cut = limited({ requests: 3 });
    const verdicts = Array.from({ length: 5 }, () => gate.ask({}, T0, cut).verdict.allowed);
    expect(verdicts).toEqual([true, true, true, false, false]);
  });

  it("forgets buckets that are full again", () => {
    const gate = aGate();
    gate.ask();
    expect(notFull(gate.book.buckets, T0)).toHaveLength(3);
    expect(notFull(gate.book.buckets, T0 + 60_000)).toHaveLength(0);
  });
});

describe("a quota", () => {
  it("stops at its limit until the billing period ends, and takes no rate for a call it refuses", () => {
    const gate = aGate(limited({ runs: 2 }));
    expect(gate.ask({ endpoint: start }).verdict.allowed).toBe(true);
    expect(gate.ask({ endpoint: start }).verdict.allowed).toBe(true);
    expect(gate.ask({ endpoint: start }).verdict).toEqual({
      allowed: false,
      cause: "quota",
      violated: ["runs"],
      retryAfterMs: period.end - T0,
      quota: { name: "runs", limit: 2, windowSeconds: 2_592_000, remaining: 0, moreInMs: period.end - T0 },
    });
    expect(gate.left("requests")).toBe(5_998);
    expect(gate.ask().verdict.allowed).toBe(true);
  });

  it("begins anew with the billing period", () => {
    const gate = aGate(limited({ runs: 1 }));
    gate.ask({ endpoint: start });
    const next = billingPeriod(null, period.end);
    expect(gate.ask({ endpoint: start }, period.end, limited({ runs: 1 }), next).verdict.allowed).toBe(true);
  });

  it("of a plan that bills by use is passed and noted", () => {
    const policy = policyOf("pro", [], T0);
    const gate = aGate(policy);
    gate.book.usage = { ...gate.book.usage, used: { ...gate.book.usage.used, runs: policy.quotas.runs.limit } };
    expect(gate.ask({ endpoint: start }).verdict.allowed).toBe(true);
  });

  it("tells at 80 and at 100 percent, once each", () => {
    const gate = aGate(limited({ runs: 10 }));
    const told = Array.from({ length: 10 }, () => gate.ask({ endpoint: start }).crossed.map(({ percent }) => percent));
    expect(told.flatMap((marks, call) => marks.map((mark) => [call + 1, mark]))).toEqual([
      [8, 80],
      [10, 100],
    ]);
  });

  it("lends at most an eighth of what is left, nothing when little is, and never up to a mark (G3, G4)", () => {
    const lent = (limit: number, used: number, spareQuota: number) => {
      const gate = aGate(limited({ runs: limit }));
      gate.book.usage = { ...gate.book.usage, used: { ...gate.book.usage.used, runs: used } };
      const decision = gate.ask({ endpoint: start, spareQuota });
      return { granted: decision.lent?.granted ?? 0, used: decision.usage.used.runs, crossed: decision.crossed.length };
    };
    expect(lent(801, 0, 1_000)).toEqual({ granted: 100, used: 101, crossed: 0 });
    expect(lent(801, 0, 7)).toEqual({ granted: 7, used: 8, crossed: 0 });
    expect(lent(256, 0, 1_000)).toEqual({ granted: 0, used: 1, crossed: 0 });
    expect(lent(10_000, 7_989, 1_000)).toEqual({ granted: 9, used: 7_999, crossed: 0 });
    expect(lent(10_000, 7_999, 100)).toEqual({ granted: 100, used: 8_100, crossed: 1 });
  });

  it("is counted and lent by no renewal that asks for nothing, and takes back what it lent in this period", () => {
    const gate = aGate(limited({ runs: 1_000 }));
    gate.ask({ endpoint: start, spareQuota: 10 });
    const back = (periodStart: number) => ({ runs: { quota: "runs", tokens: 4, periodStart } }) as const;
    gate.ask({ endpoint: start, cost: 0, returned: back(period.start - 1) });
    expect(gate.left("runs")).toBe(989);
    gate.ask({ endpoint: start, cost: 0, returned: back(period.start) });
    expect(gate.left("runs")).toBe(993);
    gate.ask({ endpoint: start, cost: 0, spareQuota: 3 });
    expect(gate.left("runs")).toBe(990);
  });

  it("whose use is known afterwards refuses when none is left, and never goes below nothing", () => {
    const policy = limited({ "llm-tokens": 100 });
    const gate = aGate(policy);
    expect(gate.ask({ endpoint: model }).verdict.allowed).toBe(true);
    gate.book.usage = count(gate.book, "llm-tokens", 99, policy, period).usage;
    expect(gate.ask({ endpoint: model }).verdict.allowed).toBe(true);
    gate.book.usage = count(gate.book, "llm-tokens", 50, policy, period).usage;
    expect(gate.ask({ endpoint: model }).verdict).toMatchObject({ allowed: false, cause: "quota" });
    expect(count(gate.book, "llm-tokens", -1_000, policy, period).usage.used["llm-tokens"]).toBe(0);
  });
});

describe("the limits that hold", () => {
  it("are the plan's, save what an operator set and what has not expired", () => {
    const overrides: LimitOverride[] = [
      { name: "requests", limit: 5, windowSeconds: 10, expiresAt: T0 + 1 },
      { name: "runs", limit: 7, windowSeconds: null, expiresAt: null },
    ];
    const now = policyOf("free", overrides, T0);
    expect(now.rates.requests).toEqual({ limit: 5, windowSeconds: 10, source: "operator" });
    expect(now.quotas.runs).toEqual({ limit: 7, isHard: true, source: "operator" });
    expect(now.rates.reads.source).toBe("plan");
    expect(policyOf("free", overrides, T0 + 1).rates.requests.source).toBe("plan");
  });

  it("grow with the plan", () => {
    const limits = (["free", "pro", "enterprise"] as const).map((plan) => policyOf(plan, [], T0));
    expect(limits.map(({ rates }) => rates.requests.limit)).toEqual([6_000, 60_000, 600_000]);
    expect(limits.map(({ quotas }) => quotas.runs.isHard)).toEqual([true, false, false]);
  });
});

describe("a billing period", () => {
  const day = (text: string) => Date.parse(`${text}Z`);
  it("without a subscription is the calendar month", () => {
    expect(billingPeriod(null, day("2026-02-10T12:00"))).toEqual({ start: day("2026-02-01"), end: day("2026-03-01") });
  });

  it("runs from the day and time the subscription began", () => {
    const anchor = day("2026-01-15T10:30");
    expect(billingPeriod(anchor, day("2026-11-15T10:29"))).toEqual({
      start: day("2026-10-15T10:30"),
      end: day("2026-11-15T10:30"),
    });
    expect(billingPeriod(anchor, day("2026-11-15T10:30")).start).toBe(day("2026-11-15T10:30"));
  });

  it("begins on the last day of a month that lacks the day, and returns to the day after it", () => {
    const anchor = day("2026-01-31T00:00");
    expect(billingPeriod(anchor, day("2026-03-01T00:00"))).toEqual({
      start: day("2026-02-28"),
      end: day("2026-03-31"),
    });
  });

  it("covers every moment once", () => {
    const anchor = day("2025-12-31T23:59");
    let at = anchor;
    for (let i = 0; i < 40; i++) {
      const { start, end } = billingPeriod(anchor, at);
      expect(start).toBe(at);
      expect(billingPeriod(anchor, end - 1)).toEqual({ start, end });
      at = end;
    }
  });
});
