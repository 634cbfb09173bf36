import { describe, expect, it } from "vitest";
import { comparison, pairedRandomisation } from "../../../domain/knowledge/evaluation/comparison.ts";
import type { Measurement } from "../../../domain/knowledge/evaluation/evaluation.ts";

function measurement(ndcgs: readonly number[]): Measurement {
  const perQuery = ndcgs.map((ndcg, index) => ({
    id: `q${index}`,
    ndcg,
    recall: ndcg,
    mrr: ndcg,
    success: 1,
    retrieved: [],
    latencyMs: 1,
  }));
  const ndcg = ndcgs.reduce((sum, value) => sum + value, 0) / ndcgs.length;
  return {
    configuration: { mode: "hybrid", rerank: true, minScore: 0 },
    ...{ ndcg, recall: ndcg, mrr: ndcg, success: 1 },
    latency: { p50Ms: 1, p95Ms: 1 },
    perQuery,
  };
}

describe("a comparison", () => {
  it("counts who won each query", () => {
    const result = comparison(measurement([1, 0.5, 0.5]), measurement([0.5, 1, 0.5]));
    expect(result.wins).toEqual({ configuration: 1, with: 1, ties: 1 });
    expect(result.perQuery.map(({ winner }) => winner)).toEqual(["configuration", "with", "tie"]);
    expect(result.ndcgGain).toBeCloseTo(0);
  });

  it("takes a rounding difference for a tie", () => {
    expect(comparison(measurement([0.3]), measurement([0.1 + 0.2])).wins.ties).toBe(1);
  });
});

describe("the paired randomisation test", () => {
  it("finds nothing where nothing differs", () => {
    expect(pairedRandomisation([0, 0, 0])).toBe(1);
  });

  it("calls a gain on every one of fifty queries no chance", () => {
    expect(pairedRandomisation(Array.from({ length: 50 }, () => 0.1))).toBeLessThan(0.01);
  });

  it("calls gains and losses alike chance", () => {
    expect(pairedRandomisation(Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? 0.1 : -0.1)))).toBeGreaterThan(
      0.5,
    );
  });

  it("says the same of the same figures", () => {
    const differences = Array.from({ length: 20 }, (_, at) => Math.sin(at));
    expect(pairedRandomisation(differences)).toBe(pairedRandomisation(differences));
  });
});
