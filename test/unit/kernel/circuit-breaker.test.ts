import { describe, expect, it } from "vitest";
import {
  admitted,
  type Breaker,
  type BreakerPolicy,
  closedBreaker,
  failureRate,
  PROBE_MS,
  probed,
  told,
} from "../../../domain/kernel/circuit-breaker.ts";

const policy: BreakerPolicy = { consecutiveFailures: 3, failureRate: 0.5, minCalls: 10, openMs: 30_000 };
const T = 1_700_000_000_000;
const failed = (breaker: Breaker, now = T) => told(breaker, { successes: 0, failures: 1 }, policy, now);
const worked = (breaker: Breaker, now = T) => told(breaker, { successes: 1, failures: 0 }, policy, now);
const open = (now = T) => [1, 2, 3].reduce((breaker) => failed(breaker, now), closedBreaker());

describe("a closed breaker", () => {
  it("opens on enough failures in a row", () => {
    expect(failed(failed(closedBreaker())).state).toBe("closed");
    expect(open()).toMatchObject({ state: "open", openedAt: T, opens: 1 });
  });

  it("counts failures in a row anew after a success", () => {
    expect(failed(failed(worked(failed(failed(closedBreaker()))))).state).toBe("closed");
  });

  it("counts failures that were told together with earlier successes", () => {
    expect(told(closedBreaker(), { successes: 50, failures: 3 }, policy, T).state).toBe("open");
  });

  it("opens on a failure rate, but not below the minimum of calls", () => {
    let breaker = closedBreaker();
    const rounds = () => {
      breaker = failed(worked(breaker));
    };
    for (let round = 0; round < 4; round++) rounds();
    expect(breaker.state).toBe("closed");
    rounds();
    expect(breaker.state).toBe("open");
  });

  it("does not open on a success, however many failures came before", () => {
    const sick = told(closedBreaker(), { successes: 20, failures: 2 }, policy, T);
    expect(worked({ ...sick, slots: sick.slots.map((slot) => ({ ...slot, failures: 30 })) }).state).toBe("closed");
  });

  it("forgets what is older than its window", () => {
    const before = told(closedBreaker(), { successes: 9, failures: 2 }, policy, T);
    expect(failureRate(before, T)).toEqual({ calls: 11, rate: 2 / 11 });
    expect(failureRate(before, T + 61_000)).toEqual({ calls: 0, rate: 0 });
  });
});

describe("an open breaker", () => {
  it("refuses and tells how long", () => {
    expect(admitted(open(), policy, T + 10_000)).toMatchObject({ isAllowed: false, retryAfterMs: 20_000 });
  });

  it("lets a single probe through once its time is over", () => {
    const first = admitted(open(), policy, T + 30_000);
    expect(first).toMatchObject({ isAllowed: true, isProbe: true });
    expect(first.breaker.state).toBe("half-open");
    expect(admitted(first.breaker, policy, T + 30_001).isAllowed).toBe(false);
  });

  it("does not close by calls that began before it opened", () => {
    expect(worked(open()).state).toBe("open");
  });
});

describe("a half-open breaker", () => {
  const halfOpen = () => admitted(open(), policy, T + 30_000).breaker;

  it("closes when the probe works, and remembers that it was open", () => {
    expect(probed(halfOpen(), true, T + 31_000)).toMatchObject({ state: "closed", opens: 1, slots: [] });
  });

  it("opens for its whole time again when the probe fails", () => {
    const again = probed(halfOpen(), false, T + 31_000);
    expect(again).toMatchObject({ state: "open", openedAt: T + 31_000, opens: 2 });
    expect(admitted(again, policy, T + 60_000).isAllowed).toBe(false);
  });

  it("sends another probe when the first one showed nothing", () => {
    expect(admitted(probed(halfOpen(), null, T + 31_000), policy, T + 31_000)).toMatchObject({ isProbe: true });
  });

  it("sends another probe when the first one is never heard of again", () => {
    const breaker = halfOpen();
    expect(admitted(breaker, policy, T + 30_000 + PROBE_MS)).toMatchObject({ isAllowed: true, isProbe: true });
  });
});
