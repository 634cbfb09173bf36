import { describe, expect, it } from "vitest";
import { type RerankerBinding, workersAiCrossEncoder } from "../../adapters/reranker/workers-ai.ts";
import { asProblem } from "../../domain/kernel/problem.ts";

/** The binding as it answers: best first, `id` an index into the contexts. Scores count the query's word. */
function aBinding(score: (text: string) => number): RerankerBinding {
  return {
    async run(_, { contexts }) {
      const response = contexts.map(({ text }, id) => ({ id, score: score(text) }));
      return { response: response.toSorted((a, b) => b.score - a.score) };
    },
  };
}

describe("the cross-encoder of Workers AI", () => {
  it("scores texts in their order", async () => {
    const encoder = workersAiCrossEncoder(aBinding((text) => (text.includes("leave") ? 0.9 : 0.1)));
    expect(await encoder.scores("leave", ["travel", "leave", "hotel"])).toEqual([0.1, 0.9, 0.1]);
  });

  it("brings logits to 0 to 1", async () => {
    const encoder = workersAiCrossEncoder(aBinding((text) => (text === "leave" ? 4 : -4)));
    const [low = 1, high = 0] = await encoder.scores("leave", ["travel", "leave"]);
    expect(low).toBeCloseTo(0.018, 3);
    expect(high).toBeCloseTo(0.982, 3);
  });

  it("finds what stands at the end of a passage longer than the model reads", async () => {
    const lengths: number[] = [];
    const encoder = workersAiCrossEncoder(
      aBinding((text) => {
        lengths.push(text.length);
        return text.includes("needle") ? 0.8 : 0.2;
      }),
    );
    expect(await encoder.scores("needle", [`${"hay ".repeat(800)}needle`, "hay"])).toEqual([0.8, 0.2]);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1_800);
  });

  it.each([
    ["an outage", { run: () => Promise.reject(new Error("3040: capacity")) }],
    ["an answer of another shape", { run: async () => ({ result: [] }) }],
  ])("fails as a provider on %s", async (_, binding) => {
    const failure = await workersAiCrossEncoder(binding)
      .scores("a", ["b"])
      .catch((error: unknown) => asProblem(error)?.code);
    expect(failure).toBe("provider-failed");
  });
});
