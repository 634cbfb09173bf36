import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../../domain/workflows/definition/parse.ts";
import { definitionOf, rehearse, WORKFLOWS } from "./rehearsal.ts";

const names = readdirSync(WORKFLOWS).map((file) => file.replace(".asl.json", ""));

describe("the sample workflows", () => {
  it.each(names)("%s is valid without a diagnostic", (name) => {
    expect(parseDefinition(definitionOf(name)).diagnostics).toEqual([]);
  });

  it("answer-many answers every question in order and keeps the one that failed", async () => {
    const input = { questions: ["a", "b", "c"], knowledgeBaseId: "kb_1" };
    const { state, calls } = await rehearse("answer-many", input, (call) => {
      const { question } = call.input as { question: string };
      if (question === "b") return { error: "Weft.NotFound" };
      return { output: { answer: question.toUpperCase(), grounded: question === "a", citations: [{}], usage: {} } };
    });
    expect(calls).toHaveLength(3);
    expect(state.output).toEqual({
      asked: 3,
      supported: 1,
      answers: [
        { question: "a", answer: "A", grounded: true, citations: 1 },
        { question: "b", grounded: false, error: "Weft.NotFound" },
        { question: "c", answer: "C", grounded: false, citations: 1 },
      ],
    });
  });

  it("compare-search-modes puts the titles of both searches side by side", async () => {
    const { state } = await rehearse(
      "compare-search-modes",
      { query: "leave", knowledgeBaseId: "kb_1" },
      ({ input }) => {
        const { mode } = input as { mode: string };
        return { output: { results: mode === "keyword" ? [{ title: "A" }, { title: "B" }] : [{ title: "B" }] } };
      },
    );
    expect(state.output).toEqual({ summary: "2 by keyword, 1 by vector", keyword: ["A", "B"], vector: ["B"] });
  });

  it("poll-until-ready asks again until the address is ready", async () => {
    let asked = 0;
    const { state, calls } = await rehearse("poll-until-ready", { url: "https://example.com" }, () => {
      asked++;
      if (asked === 2) return { error: "Weft.Unavailable" };
      return { output: { status: 200, headers: {}, body: asked < 4 ? "not yet" : { status: "ready", at: 4 } } };
    });
    expect(calls).toHaveLength(4);
    expect(state).toMatchObject({ status: "succeeded", output: { status: "ready", at: 4 } });
  });

  it("poll-until-ready gives up after thirty answers", async () => {
    const pending = { output: { status: 200, headers: {}, body: { status: "pending" } } };
    const { state, calls } = await rehearse("poll-until-ready", { url: "https://example.com" }, () => pending);
    expect(calls).toHaveLength(30);
    expect(state).toMatchObject({ status: "failed", error: "NotReady" });
  });
});
