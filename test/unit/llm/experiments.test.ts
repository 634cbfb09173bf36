import { describe, expect, it } from "vitest";
import { centroidShift, driftReport, meanShift, populationStability } from "../../../domain/llm/drift.ts";
import { variantFor } from "../../../domain/llm/experiment.ts";

const experiment = {
  id: "exp_1",
  variants: [
    { name: "control", model: "a/m", weight: 3 },
    { name: "smaller", model: "b/m", weight: 1 },
  ],
  rolledBack: [] as string[],
};
const subjects = Array.from({ length: 8_000 }, (_, n) => `user-${n}`);

describe("a variant", () => {
  it("stays the same for a subject", () => {
    for (const subject of subjects.slice(0, 100)) {
      expect(variantFor(experiment, subject)).toEqual(variantFor(experiment, subject));
    }
  });

  it("gets its share of the subjects", () => {
    const control = subjects.filter((subject) => variantFor(experiment, subject)?.name === "control").length;
    expect(control / subjects.length).toBeCloseTo(0.75, 1);
    expect(Math.abs(control - 6_000)).toBeLessThan(4 * Math.sqrt(8_000 * 0.75 * 0.25));
  });

  it("that is rolled back gets nobody, and moves nobody else", () => {
    const three = { ...experiment, variants: [...experiment.variants, { name: "third", model: "c/m", weight: 2 }] };
    const after = { ...three, rolledBack: ["third"] };
    for (const subject of subjects) {
      const before = variantFor(three, subject)?.name;
      const now = variantFor(after, subject)?.name;
      expect(now).not.toBe("third");
      if (before !== "third") expect(now).toBe(before);
    }
    expect(variantFor({ ...experiment, rolledBack: ["control", "smaller"] }, "x")).toBeNull();
  });
});

describe("drift", () => {
  const even = (count: number, from: number, to: number) =>
    Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  const window = (more: object = {}) => ({
    lengths: even(200, 50, 150),
    refusals: { count: 4, of: 200 },
    ratings: even(50, 3, 5),
    vectors: [],
    ...more,
  });

  it("of a population is 0 against itself and large against another", () => {
    expect(populationStability(even(500, 0, 1), even(500, 0, 1))).toBeCloseTo(0, 10);
    expect(populationStability(even(500, 0, 1), even(500, 0.5, 1.5))).toBeGreaterThan(1);
  });

  it("of a mean is told in standard errors", () => {
    expect(meanShift([1, 2, 3], [1, 2, 3])).toBe(0);
    expect(meanShift([0, 2], [4, 6])).toBeCloseTo(4 / Math.sqrt(2), 10);
    expect(meanShift([1, 1], [2, 2])).toBeGreaterThan(1e9);
  });

  it("of a centre is the cosine between the clouds", () => {
    expect(centroidShift([[1, 0]], [[2, 0]])).toBeCloseTo(0, 12);
    expect(centroidShift([[1, 0]], [[0, 1]])).toBeCloseTo(1, 12);
  });

  it("is not seen where nothing changed", () => {
    expect(driftReport("answers", window(), window()).hasDrifted).toBe(false);
  });

  it.each([
    ["answer-length", { lengths: even(200, 150, 250) }],
    ["refusal-rate", { refusals: { count: 60, of: 200 } }],
    ["rating", { ratings: even(50, 1, 3) }],
  ])("of %s is seen", (signal, change) => {
    const { hasDrifted, signals } = driftReport("answers", window(), window(change));
    expect(hasDrifted).toBe(true);
    expect(new Set(signals.filter((found) => found.hasDrifted).map((found) => found.signal))).toEqual(
      new Set([signal]),
    );
  });

  it("of meaning is seen beyond what the reference differs by itself", () => {
    const cloud = (angle: number) =>
      Array.from({ length: 60 }, (_, i) => [Math.cos(angle + i / 600), Math.sin(angle + i / 600)]);
    const seen = (angle: number) =>
      driftReport("a", window({ vectors: cloud(0) }), window({ vectors: cloud(angle) })).hasDrifted;
    expect([seen(0.1), seen(1)]).toEqual([false, true]);
  });

  it("is not judged on too few calls", () => {
    const few = window({ lengths: [1, 2], refusals: { count: 1, of: 2 }, ratings: [1] });
    expect(driftReport("answers", window(), few).signals).toEqual([]);
  });
});
