import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { toEventView } from "../../../durable-objects/workflow-run/view.ts";
import { timelineLine } from "../../../scripts/demo/layout.ts";
import { advance, newTimeline } from "../../../scripts/demo/timeline.ts";
import { type Outside, rehearse } from "../examples/rehearsal.ts";

const QUOTE = "Everyone has 27 days.";
const INPUT = { question: "How many days?", knowledgeBaseId: "kb_1" };

function outside(decision: "approve" | "reject", draftErrors: string[] = []): Outside {
  const errors = [...draftErrors];
  return ({ resource }) => {
    const passage = { documentId: "doc_1", title: "Annual leave", text: QUOTE };
    if (resource === "weft:knowledge:search") return { output: { results: [passage, passage] } };
    if (resource === "weft:review:request") return { output: { decision } };
    const error = errors.shift();
    if (error !== undefined) return { error, cause: "too busy" };
    const citations = [{ marker: 1, documentId: "doc_1", chunkId: "chk_1", start: 0, end: 21, quote: QUOTE }];
    return { output: { answer: "27 days [1]", grounded: true, citations, usage: { costUsdMicros: 0 } } };
  };
}

/** What the terminal shows of a run that the engine itself played. */
async function shown(workflow: string, input: Json, play: Outside): Promise<string[]> {
  const { events } = await rehearse(workflow, input, play);
  const timeline = newTimeline();
  const lines = events.flatMap((event) => advance(timeline, toEventView(event)));
  expect(timeline.open.size).toBe(0);
  return lines.map((line) => stripVTControlCharacters(timelineLine(line)).trim().replaceAll(/ {2,}/g, "  "));
}

describe("the display of a run", () => {
  it("shows each state entered and left, with its time and what it gave, and the review in between", async () => {
    expect(await shown("answer-with-approval", INPUT, outside("approve"))).toEqual([
      "0.00 s  · Retrieve passages",
      "0.00 s  ✓ Retrieve passages  0 ms  2 passages from 1 document",
      "0.00 s  · Draft an answer",
      "0.00 s  ✓ Draft an answer  0 ms  1 citation",
      "0.00 s  · Grade the draft",
      "0.00 s  ✓ Grade the draft  0 ms  1 of 1 quote verified",
      "0.00 s  · Is the draft supported?",
      "0.00 s  ✓ Is the draft supported?  0 ms  → Ask for approval",
      "0.00 s  · Ask for approval",
      "0.00 s  ◆ Ask for approval  waits for a person",
      "0.00 s  › Ask for approval  decided: approve",
      "0.00 s  ✓ Ask for approval  0 ms",
      "0.00 s  · What was decided?",
      "0.00 s  ✓ What was decided?  0 ms  → Answered",
      "0.00 s  · Answered",
      "0.00 s  ✓ Answered  0 ms  1 citation",
      "0.00 s  ✓ Run  succeeded",
    ]);
  });

  it("shows why a run failed, and leaves no state open", async () => {
    const lines = await shown("answer-with-approval", INPUT, outside("reject"));
    expect(lines.at(-1)).toBe("0.00 s  ✗ Run  failed: Rejected: The reviewer rejected the answer.");
  });

  it("shows a task that failed and how long the state took with its retries", async () => {
    const lines = await shown(
      "answer-with-approval",
      INPUT,
      outside("approve", ["Weft.ProviderFailed", "States.Timeout"]),
    );
    expect(lines.slice(2, 6)).toEqual([
      "0.00 s  · Draft an answer",
      "0.00 s  ! Draft an answer  Weft.ProviderFailed: too busy",
      "1.00 s  ! Draft an answer  States.Timeout: too busy",
      "3.00 s  ✓ Draft an answer  3.00 s  1 citation",
    ]);
  });

  it("tells the states of parallel branches apart", async () => {
    const lines = await shown("compare-search-modes", { ...INPUT, query: "days" }, () => ({ output: { results: [] } }));
    expect(lines.filter((line) => line.includes("Search by"))).toHaveLength(4);
    expect(lines.at(-1)).toBe("0.00 s  ✓ Run  succeeded");
  });

  it("shows pauses, rewinds and aborted states", () => {
    const timeline = newTimeline();
    const at = "2026-01-05T09:00:00.000Z";
    const later = "2026-01-05T09:01:05.000Z";
    const lines = [
      { seq: 2, at, type: "WaitStateEntered", state: "Sleep", scope: "0" },
      { seq: 3, at: later, type: "RunPaused" },
      { seq: 4, at: later, type: "RunResumed" },
      { seq: 5, at: later, type: "RunRewound", toSeq: 2 },
      { seq: 6, at: later, type: "WaitStateEntered", state: "Sleep", scope: "0" },
      { seq: 7, at: later, type: "WaitStateAborted", state: "Sleep", scope: "0" },
      { seq: 8, at: later, type: "ExecutionAborted", error: "Stopped" },
    ].flatMap((event) => advance(timeline, event));
    expect(lines.map(({ kind, at: after, text, note }) => [kind, after, text, note])).toEqual([
      ["entered", 0, "Sleep", undefined],
      ["notice", 65_000, "Run", "paused"],
      ["notice", 65_000, "Run", "resumed"],
      ["notice", 65_000, "Run", "rewound to event 2"],
      ["entered", 65_000, "Sleep", undefined],
      ["trouble", 65_000, "Sleep", "aborted"],
      ["failed", 65_000, "Run", "aborted: Stopped"],
    ]);
  });
});
