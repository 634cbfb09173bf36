import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { type Outside, rehearse } from "./rehearsal.ts";

const QUOTE = "The primary carer has 26 weeks of parental leave on full pay.";
const INPUT = { question: "How many weeks?", knowledgeBaseId: "kb_1" };
const PASSAGE = {
  documentId: "doc_1",
  chunkId: "chk_1",
  title: "Parental leave",
  text: `Intro. ${QUOTE} More.`,
  score: 0.9,
};
const USAGE = { promptTokens: 120, completionTokens: 20, totalTokens: 140, costUsdMicros: 7 };

interface Scene {
  passages?: Json[];
  quotes?: string[];
  grounded?: boolean;
  review?: Json | "never";
  /** Errors that the draft fails with before it succeeds. */
  draftErrors?: string[];
}

function scene({ passages = [PASSAGE], quotes = [QUOTE], grounded = true, review, draftErrors = [] }: Scene): Outside {
  const errors = [...draftErrors];
  return ({ resource }) => {
    if (resource === "weft:knowledge:search") return { output: { results: passages, timings: {} } };
    if (resource === "weft:review:request") {
      return review === "never" ? "never" : { output: review ?? { decision: "approve" } };
    }
    const error = errors.shift();
    if (error !== undefined) return { error, cause: "it broke" };
    const citations = quotes.map((quote, i) => ({
      marker: i + 1,
      documentId: "doc_1",
      chunkId: "chk_1",
      start: 7,
      end: 70,
      quote,
    }));
    return { output: { answer: "26 weeks [1]", grounded, citations, usage: USAGE } };
  };
}

const play = (options: Scene) => rehearse("answer-with-approval", INPUT, scene(options));
const statesOf = (calls: { state: string }[]) => calls.map(({ state }) => state);

describe("the workflow answer-with-approval", () => {
  it("answers with citations, grade, decision and cost once a person approves a supported draft", async () => {
    const { state, calls } = await play({ review: { decision: "approve", comment: "Good." } });
    expect(statesOf(calls)).toEqual(["Retrieve passages", "Draft an answer", "Ask for approval"]);
    expect(state.status).toBe("succeeded");
    expect(state.output).toMatchObject({
      question: INPUT.question,
      answer: "26 weeks [1]",
      grounded: true,
      citations: [{ marker: 1, quote: QUOTE }],
      grade: { grounded: true, citations: 1, verifiedQuotes: 1 },
      review: { decision: "approve", comment: "Good." },
      costUsdMicros: 7,
    });
  });

  it("shows the reviewer the question, the draft, its citations as a list and its grade", async () => {
    const { calls } = await play({});
    expect(calls.at(-1)?.input).toMatchObject({
      title: "Approve the answer: How many weeks?",
      dueSeconds: 86_400,
      payload: { answer: "26 weeks [1]", citations: [{ quote: QUOTE }], grade: { verifiedQuotes: 1 } },
    });
  });

  it.each<[string, Scene]>([
    ["is not grounded", { grounded: false, quotes: [] }],
    ["cites nothing", { quotes: [] }],
    ["has a quote that no retrieved passage holds", { quotes: [QUOTE, "The primary carer has 62 weeks."] }],
    ["stands on no passages at all", { passages: [], quotes: [], grounded: false }],
  ])("asks an expert when the draft %s", async (_why, options) => {
    const { calls } = await play(options);
    expect(statesOf(calls).at(-1)).toBe("Ask an expert");
  });

  it("takes the answer that the reviewer supplied, without the citations of the draft", async () => {
    const { state } = await play({
      grounded: false,
      quotes: [],
      review: { decision: "approve", output: { answer: "28 weeks" } },
    });
    expect(state.output).toMatchObject({ answer: "28 weeks", grounded: false, citations: [] });
  });

  it("fails as Rejected with the reviewer's words, or with its own when there are none", async () => {
    const said = await play({ review: { decision: "reject", comment: "Out of date." } });
    expect(said.state).toMatchObject({ status: "failed", error: "Rejected", cause: "Out of date." });
    const silent = await play({ review: { decision: "reject" } });
    expect(silent.state).toMatchObject({ error: "Rejected", cause: "The reviewer rejected the answer." });
  });

  it("retries a provider that fails and goes on with the same question", async () => {
    const { state, calls } = await play({ draftErrors: ["Weft.ProviderFailed", "Weft.ProviderTimeout"] });
    expect(statesOf(calls).filter((name) => name === "Draft an answer")).toHaveLength(3);
    expect(state.status).toBe("succeeded");
  });

  it("says why it could not answer when the provider stays down", async () => {
    const { state, calls } = await play({ draftErrors: Array(5).fill("Weft.ProviderFailed") });
    expect(statesOf(calls).filter((name) => name === "Draft an answer")).toHaveLength(5);
    expect(state).toMatchObject({ status: "failed", error: "CouldNotAnswer", cause: "Weft.ProviderFailed: it broke" });
  });

  it("does not retry what a retry cannot mend", async () => {
    const { state, calls } = await play({ draftErrors: ["Weft.NotFound"] });
    expect(statesOf(calls).filter((name) => name === "Draft an answer")).toHaveLength(1);
    expect(state).toMatchObject({ error: "CouldNotAnswer", cause: "Weft.NotFound: it broke" });
  });

  it("ends as overdue when nobody decides in time", async () => {
    const { state } = await play({ review: "never" });
    expect(state).toMatchObject({ status: "failed", error: "ReviewOverdue" });
  });
});
