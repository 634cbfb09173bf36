import { describe, expect, it } from "vitest";
import { permitsAhead, slotLimit } from "../../../domain/workflows/run-slots.ts";

describe("the limit of runs at once", () => {
  it("is the plan's, or a lower one that the tenant set", () => {
    expect(slotLimit("free", {})).toBe(1_000);
    expect(slotLimit("free", { maxConcurrentRuns: 5 })).toBe(5);
    expect(slotLimit("free", { maxConcurrentRuns: 5_000 })).toBe(1_000);
    expect(slotLimit("pro", { maxConcurrentRuns: 5_000 })).toBe(5_000);
  });

  it("is the plan's where the setting makes no sense", () => {
    for (const maxConcurrentRuns of [0, -1, 1.5, "7", null, true]) {
      expect(slotLimit("free", { maxConcurrentRuns })).toBe(1_000);
    }
  });
});

describe("permits", () => {
  it("are given ahead while most slots are free, and none where every slot counts", () => {
    expect(permitsAhead(1_000, 0)).toBe(64);
    expect(permitsAhead(1_000, 700)).toBe(37);
    expect(permitsAhead(1_000, 751)).toBe(0);
    expect(permitsAhead(2, 0)).toBe(0);
  });

  it("never promise more than is free", () => {
    for (let limit = 1; limit <= 200; limit++) {
      for (let used = 0; used <= limit + 5; used++) {
        expect(permitsAhead(limit, used)).toBeLessThanOrEqual(Math.max(0, limit - used));
      }
    }
  });
});
