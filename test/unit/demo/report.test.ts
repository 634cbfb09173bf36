import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { duration, wrapped } from "../../../scripts/demo/layout.ts";
import { draftReport, endReport } from "../../../scripts/demo/report.ts";

const TEXT = "Intro. Everyone has 27 days. The end.";
const QUOTE = "Everyone has 27 days.";
const CITATION = {
  knowledgeBaseId: "kb_1",
  marker: 1,
  documentId: "doc_1",
  chunkId: "chk_1",
  start: 7,
  end: 28,
  quote: QUOTE,
};
const SOURCES = new Map([["doc_1", { title: "Annual leave", file: "annual-leave.md", text: TEXT }]]);

const plain = (lines: string[]) =>
  lines.map((line) => stripVTControlCharacters(line).trim().replaceAll(/ {2,}/g, "  "));

function ended(over: Partial<Run>): Run {
  return {
    id: "run_1",
    workflow: "answer-with-approval",
    version: 1,
    name: "demo",
    status: "succeeded",
    input: {},
    startedAt: "2026-01-05T09:00:00.000Z",
    stoppedAt: "2026-01-05T09:01:05.000Z",
    seq: 30,
    progress: { entered: 7, exited: 7, current: [] },
    waitingFor: [],
    redrives: 0,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    ...over,
  };
}

describe("the report of a run", () => {
  it("says of each quote whether the file really holds it there", () => {
    const moved = { ...CITATION, marker: 2, start: 8, end: 29 };
    const unknown = { ...CITATION, marker: 3, documentId: "doc_9" };
    const lines = plain(draftReport({ answer: "27 days [1]", citations: [CITATION, moved, unknown] }, SOURCES, 100));
    expect(lines).toContain("[1]  Annual leave, annual-leave.md, characters 7 to 28, word for word");
    expect(lines).toContain("[2]  Annual leave, annual-leave.md, characters 8 to 29, NOT what the file says");
    expect(lines).toContain("[3]  doc_9, characters 7 to 28");
    expect(lines).toContain(`“${QUOTE}”`);
  });

  it("ends with answer, decision, cost, time, trace and audit, oldest entry first", () => {
    const output = {
      answer: "27 days [1]",
      citations: [CITATION],
      review: { decision: "approve", decidedBy: "usr_1" },
      usage: { promptTokens: 900, completionTokens: 30, totalTokens: 930, costUsdMicros: 12 },
      costUsdMicros: 12,
    };
    const entry = (id: string, at: string, action: string) => ({
      ...{ id, at, action, actor: { type: "user", id: "usr_1" }, target: null },
      ...{ ip: null, userAgent: null, requestId: "req_1", details: null },
    });
    const audit = [
      entry("aud_2", "2026-01-05T09:01:05.000Z", "review.decided"),
      entry("aud_1", "2026-01-05T09:00:00.000Z", "run.started"),
    ];
    const names = new Map([["usr_1", "demo@weft.local"]]);
    expect(plain(endReport({ run: ended({ output }), audit, sources: SOURCES, names }, 100))).toEqual([
      "",
      "Answer  27 days [1]",
      "[1]  Annual leave, annual-leave.md, characters 7 to 28, word for word",
      "Decision  approved by demo@weft.local",
      "Cost  $0.000012 for 900 tokens in and 30 out",
      "Time  1 min 5 s",
      "Trace  4bf92f3577b34da6a3ce929d0e0e4736",
      "Audit  09:00:00  run.started  demo@weft.local",
      "09:01:05  review.decided  demo@weft.local",
    ]);
  });

  it("says how a run ended that gave no answer", () => {
    const run = ended({ status: "failed", error: "Rejected", cause: "Out of date." });
    const lines = plain(endReport({ run, audit: [], sources: SOURCES, names: new Map() }, 100));
    expect(lines[1]).toBe("Ended  failed (Rejected: Out of date.)");
  });

  it("wraps text at words and keeps its paragraphs", () => {
    expect(wrapped("one two three\n\nfour", 9)).toEqual(["one two", "three", "", "four"]);
    expect(wrapped("incomprehensibilities here", 9)).toEqual(["incomprehensibilities", "here"]);
    expect(wrapped("", 9)).toEqual([""]);
  });

  it("rounds a duration without ever showing sixty seconds", () => {
    expect([0, 999.6, 1_000, 59_999, 60_000, 119_700].map(duration)).toEqual([
      ...["0 ms", "1.00 s", "1.00 s", "1 min 0 s", "1 min 0 s", "2 min 0 s"],
    ]);
  });
});
