import { describe, expect, it } from "vitest";
import { orderedTargets, PutModelRoute } from "../../../domain/llm/model-route.ts";

const targets = [
  { model: "a/1", weight: 1 },
  { model: "b/2", weight: 3 },
  { model: "c/3", weight: 0 },
];
const first = (chance: number) => orderedTargets("weighted", targets, chance)[0]?.model;

describe("the order of a route's targets", () => {
  it("is as written for the strategy fallback", () => {
    expect(orderedTargets("fallback", targets, 0.99)).toEqual(targets);
  });

  it("begins with each target in proportion to its weight", () => {
    const draws = Array.from({ length: 400 }, (_, i) => first(i / 400));
    expect(draws.filter((model) => model === "a/1")).toHaveLength(100);
    expect(draws.filter((model) => model === "b/2")).toHaveLength(300);
  });

  it("goes on with the others, heaviest first, and with a weight of 0 last", () => {
    expect(orderedTargets("weighted", targets, 0).map(({ model }) => model)).toEqual(["a/1", "b/2", "c/3"]);
    expect(orderedTargets("weighted", targets, 0.5).map(({ model }) => model)).toEqual(["b/2", "a/1", "c/3"]);
  });

  it("counts an absent weight as 1", () => {
    const plain = [{ model: "a/1" }, { model: "b/2" }];
    expect(orderedTargets("weighted", plain, 0.49)[0]?.model).toBe("a/1");
    expect(orderedTargets("weighted", plain, 0.5)[0]?.model).toBe("b/2");
  });
});

describe("a route", () => {
  it.each([
    ["no targets", { strategy: "fallback", targets: [] }],
    ["a target without a provider", { strategy: "fallback", targets: [{ model: "gpt" }] }],
    ["only weights of 0", { strategy: "weighted", targets: [{ model: "a/1", weight: 0 }] }],
    ["an unknown strategy", { strategy: "random", targets: [{ model: "a/1" }] }],
    ["endless retries", { strategy: "fallback", targets: [{ model: "a/1" }], retries: 100 }],
  ])("is refused with %s", (_name, input) => {
    expect(PutModelRoute.safeParse(input).success).toBe(false);
  });
});
