import { describe, expect, it } from "vitest";
import { proportionTest, sampleOf, welchTest } from "../../../domain/llm/significance.ts";

describe("the test of two proportions", () => {
  it("gives the probability of the normal distribution", () => {
    // z = 0.05 / sqrt(0.125 * 0.875 * 0.02) is 1.0690; the normal table gives 0.2850.
    const result = proportionTest({ cases: 10, count: 100 }, { cases: 15, count: 100 });
    expect(result?.difference).toBeCloseTo(0.05, 12);
    expect(result?.pValue).toBeCloseTo(0.285, 3);
  });

  it("tells the smallest probabilities, too", () => {
    // z = 10.560846; the complementary error function of z / sqrt(2) is 4.5256e-26.
    const result = proportionTest({ cases: 0, count: 586 }, { cases: 221, count: 1_314 });
    expect((result?.pValue ?? 0) / 4.5256391479e-26).toBeCloseTo(1, 2);
  });

  it("says nothing without calls, and no difference where nothing happened", () => {
    expect(proportionTest({ cases: 0, count: 0 }, { cases: 1, count: 2 })).toBeNull();
    expect(proportionTest({ cases: 0, count: 50 }, { cases: 0, count: 50 })).toEqual({ difference: 0, pValue: 1 });
  });
});

describe("Welch's test", () => {
  // Student's table: t = 2.228 at 10 degrees of freedom leaves 5 per cent outside.
  it("gives the probability of Student's distribution", () => {
    const side = Math.sqrt(3) * 2.228139;
    const result = welchTest({ count: 6, mean: 0, variance: 9 }, { count: 6, mean: side, variance: 9 });
    expect(result?.pValue).toBeCloseTo(0.05, 5);
  });

  it("agrees with the closed form at two degrees of freedom", () => {
    // p = 1 - t / sqrt(2 + t^2) for two degrees of freedom, which equal samples of two have.
    const result = welchTest({ count: 2, mean: 0, variance: 1 }, { count: 2, mean: 3, variance: 1 });
    expect(result?.pValue).toBeCloseTo(1 - 3 / Math.sqrt(11), 10);
  });

  it("is certain of a difference without spread, and needs two values a side", () => {
    expect(welchTest({ count: 3, mean: 1, variance: 0 }, { count: 3, mean: 2, variance: 0 })?.pValue).toBe(0);
    expect(welchTest({ count: 1, mean: 1, variance: 0 }, { count: 3, mean: 2, variance: 0 })).toBeNull();
  });
});

it("a sample is known from its sums", () => {
  expect(sampleOf(4, 10, 30)).toEqual({ count: 4, mean: 2.5, variance: 5 / 3 });
  expect(sampleOf(0, 0, 0)).toEqual({ count: 0, mean: 0, variance: 0 });
});
