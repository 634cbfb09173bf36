import { describe, expect, test } from "vitest";
import { meanMetrics, queryMetrics, wilsonLowerBound } from "../../../domain/knowledge/evaluation/metrics.ts";

describe("metrics of a ranking", () => {
  test("a perfect ranking scores one everywhere", () => {
    const judgements = new Map([
      ["a", 2],
      ["b", 1],
    ]);
    expect(queryMetrics(["a", "b", "c"], judgements, 10)).toEqual({ ndcg: 1, recall: 1, mrr: 1, success: 1 });
  });

  test("grades weigh by log2 of the rank", () => {
    const { ndcg, recall, mrr } = queryMetrics(
      ["x", "b", "a"],
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
      10,
    );
    expect(ndcg).toBeCloseTo((1 / Math.log2(3) + 2 / 2) / (2 + 1 / Math.log2(3)), 12);
    expect([recall, mrr]).toEqual([1, 0.5]);
  });

  test("what lies below k, is repeated or graded zero does not count", () => {
    expect(queryMetrics(["x", "y", "a"], new Map([["a", 1]]), 2)).toEqual({ ndcg: 0, recall: 0, mrr: 0, success: 0 });
    expect(queryMetrics(["x", "x", "a"], new Map([["a", 1]]), 2).mrr).toBe(0.5);
    expect(queryMetrics(["z"], new Map([["z", 0]]), 5).success).toBe(0);
  });

  test("means are over all queries", () => {
    expect(meanMetrics([])).toEqual({ ndcg: 0, recall: 0, mrr: 0, success: 0 });
    const hit = queryMetrics(["a"], new Map([["a", 1]]), 1);
    const miss = queryMetrics(["b"], new Map([["a", 1]]), 1);
    expect(meanMetrics([hit, miss]).ndcg).toBe(0.5);
  });

  test("the Wilson bound of 95 in 100 is about .888", () => {
    expect(wilsonLowerBound(95, 100)).toBeCloseTo(0.888, 3);
    expect(wilsonLowerBound(0, 0)).toBe(0);
  });
});
