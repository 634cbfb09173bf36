import { styleText } from "node:util";
import type { AuditEntry } from "../../domain/audit/entry.ts";
import type { AnswerUsage, Citation } from "../../domain/knowledge/answer.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import { duration, labelled, money, unwrapped } from "./layout.ts";

/** What a reviewer is shown, and what a run that was approved ends with. */
export interface Draft {
  answer: string;
  citations: Citation[];
}

export interface Result extends Draft {
  review: { decision: string; decidedBy: string };
  usage: AnswerUsage;
  costUsdMicros: number;
}

/** A document of the handbook: its title, and its text as it lies in the folder of examples. */
export interface Source {
  title: string;
  file: string;
  text: string | null;
}

export type Sources = ReadonlyMap<string, Source>;

export function draftReport({ answer, citations }: Draft, sources: Sources, width: number): string[] {
  const quotes = citations.flatMap((citation) => [
    ...labelled(marker(citation), place(citation, sources), width),
    ...labelled("", `“${citation.quote}”`, width),
  ]);
  return ["", ...labelled("Draft", answer, width), ...quotes, ""];
}

export interface Ending {
  run: Run;
  audit: AuditEntry[];
  sources: Sources;
  /** Names of the principals that the demo acted as, by id. */
  names: ReadonlyMap<string, string>;
}

export function endReport({ run, audit, sources, names }: Ending, width: number): string[] {
  const outcome = run.status === "succeeded" ? answerOf(resultOf(run), sources, names, width) : failureOf(run, width);
  const took = run.stoppedAt === undefined ? [] : [duration(Date.parse(run.stoppedAt) - Date.parse(run.startedAt))];
  const entries = [...audit].reverse().map(({ at, action, actor }) => {
    return `${at.slice(11, 19)}  ${action.padEnd(16)}  ${names.get(actor.id) ?? `${actor.type} ${actor.id}`}`;
  });
  return [
    "",
    ...outcome,
    ...took.flatMap((time) => labelled("Time", time, width)),
    ...labelled("Trace", run.traceId, width),
    ...entries.map((entry, i) => unwrapped(i === 0 ? "Audit" : "", entry)),
  ];
}

export function linksReport(url: string, runId: string, credentials: string): string[] {
  return [
    "",
    unwrapped("Home", `${url}/`),
    unwrapped("API", `${url}/docs`),
    unwrapped("Run", `${url}/v1/runs/${runId}`),
    unwrapped("History", `${url}/v1/runs/${runId}/events`),
    unwrapped("Key", `apiKey in ${credentials}, sent as Authorization: Bearer`),
    "",
  ];
}

function answerOf(result: Result, sources: Sources, names: Ending["names"], width: number): string[] {
  const { answer, citations, review, usage, costUsdMicros } = result;
  const by = names.get(review.decidedBy) ?? review.decidedBy;
  return [
    ...labelled("Answer", answer, width, (line) => styleText("bold", line)),
    ...citations.flatMap((citation) => labelled(marker(citation), place(citation, sources), width)),
    ...labelled("Decision", `${review.decision === "approve" ? "approved" : "rejected"} by ${by}`, width),
    ...labelled(
      "Cost",
      `${money(costUsdMicros)} for ${usage.promptTokens} tokens in and ${usage.completionTokens} out`,
      width,
    ),
  ];
}

function failureOf({ status, error, cause }: Run, width: number): string[] {
  const reason = [error, cause].filter(Boolean).join(": ");
  return labelled("Ended", `${status}${reason === "" ? "" : ` (${reason})`}`, width, (line) => styleText("red", line));
}

/** The workflow answer-with-approval is ours, and its tests pin the members of its output. */
function resultOf(run: Run): Result {
  return run.output as unknown as Result;
}

function marker({ marker: number }: Citation): string {
  return `  [${number}]`;
}

/** Where a quote stands, and whether the file in the examples really says so at that place. */
function place({ documentId, start, end, quote }: Citation, sources: Sources): string {
  const source = sources.get(documentId);
  const span = `characters ${start} to ${end}`;
  if (source === undefined) return `${documentId}, ${span}`;
  const where = `${source.title}, ${source.file}, ${span}`;
  if (source.text === null) return where;
  return source.text.slice(start, end) === quote ? `${where}, word for word` : `${where}, NOT what the file says`;
}
