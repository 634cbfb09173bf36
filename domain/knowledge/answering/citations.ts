// Turns the markers of an answer into citations, and checks what it says against them.
//   A1  citation.quote === passage.text.slice(start - passage.start, end - passage.start), so it is verbatim.
//   A2  a marker without a source is removed from the answer.
//   A3  an answer is grounded when it cites, and most of what it says is in what it cites.
import type { Citation } from "../answer.ts";
import type { Span } from "../text/sentences.ts";
import { sentences } from "../text/sentences.ts";
import type { Source } from "./compress.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { statedText, statements } from "./passage.ts";
import { NOT_IN_SOURCES } from "./prompt.ts";

export interface CitedAnswer {
  readonly answer: string;
  readonly grounded: boolean;
  readonly citations: readonly Citation[];
  /** Sentences of the answer that the cited sources do not bear out. */
  readonly unsupported: readonly string[];
}

/** A sentence is supported when this much of its weight is in the passages that it cites. */
const MIN_SUPPORT = 0.5;
const MIN_SUPPORTED_SHARE = 0.5;
const MARKER = /\s?\[(\d{1,3})\](?!\[)|\[(\d{1,3})\](?=\[)/g;

export function citedAnswer(raw: string, sources: readonly Source[]): CitedAnswer {
  const byMarker = new Map(sources.map((source) => [source.marker, source]));
  const answer = raw.replace(MARKER, (found, last, inRun) => (byMarker.has(Number(last ?? inRun)) ? found : "")).trim();
  if (answer === NOT_IN_SOURCES) return { answer, grounded: false, citations: [], unsupported: [] };

  const lexicon = lexiconOf(
    sources.flatMap(({ text }) => statements(text).map((statement) => statedText(text, statement))),
  );
  const citations: Citation[] = [];
  const unsupported: string[] = [];
  let said = 0;
  for (const { text, markers } of claims(answer)) {
    const wanted = lexicon.termsOf(text);
    const cited = markers.flatMap((marker) => byMarker.get(marker) ?? []);
    for (const source of cited) citations.push(citationOf(source, text, lexicon));
    if (wanted.size === 0) continue;
    said += 1;
    const given = lexicon.termsOf(cited.map((source) => source.text).join("\n"));
    if (lexicon.cover(wanted, given) < MIN_SUPPORT) unsupported.push(text);
  }
  const unique = [
    ...new Map(
      citations.map((citation) => [`${citation.marker}:${citation.start}:${citation.end}`, citation]),
    ).values(),
  ];
  const isSupported = said > 0 && (said - unsupported.length) / said >= MIN_SUPPORTED_SHARE;
  return { answer, grounded: unique.length > 0 && isSupported, citations: unique, unsupported };
}

interface Claim {
  readonly text: string;
  readonly markers: readonly number[];
}

/** A run of markers stands for the sentences since the run before it; what follows the last run is claimed without a source. */
function claims(answer: string): Claim[] {
  const found: Claim[] = [];
  let from = 0;
  for (const run of answer.matchAll(/(?:\s?\[\d{1,3}\])+[.!?。！？]*/g)) {
    const text = answer.slice(from, run.index);
    const spans = sentences(text);
    const markers = [...run[0].matchAll(/\d+/g)].map(([marker]) => Number(marker));
    for (const span of spans) found.push({ text: text.slice(span.start, span.end), markers });
    from = run.index + run[0].length;
  }
  const rest = answer.slice(from);
  for (const span of sentences(rest)) found.push({ text: rest.slice(span.start, span.end), markers: [] });
  return found;
}

function citationOf(source: Source, claim: string, lexicon: Lexicon): Citation {
  const { start, end } = quotedSpan(source.text, claim, lexicon);
  return {
    marker: source.marker,
    knowledgeBaseId: source.knowledgeBaseId,
    documentId: source.documentId,
    chunkId: source.chunkId,
    start: source.start + start,
    end: source.start + end,
    quote: source.text.slice(start, end),
  };
}

/** Where the source says it: the very words when they are there, else the statement that holds most of them. */
function quotedSpan(text: string, claim: string, lexicon: Lexicon): Span {
  const at = text.indexOf(claim);
  if (at !== -1) return { start: at, end: at + claim.length };
  const wanted = lexicon.termsOf(claim);
  let best: Span = { start: 0, end: text.length };
  let bestCover = -1;
  for (const span of statements(text)) {
    const given = lexicon.termsOf(statedText(text, span));
    // Of two statements that hold the claim alike, the one that says less else.
    const cover = lexicon.cover(wanted, given) + 0.1 * lexicon.cover(given, wanted);
    if (cover > bestCover) [best, bestCover] = [span, cover];
  }
  return { start: best.start, end: best.end };
}

/** How far from its place a quote is looked for after its document was replaced. */
const REANCHOR_DISTANCE = 2_000;

/** Where a quote stands now: in its old place, or nearby in a changed text; null when it is gone. */
export function reanchored(text: string, quote: string, start: number): Span | null {
  if (text.startsWith(quote, start)) return { start, end: start + quote.length };
  const from = Math.max(0, start - REANCHOR_DISTANCE);
  const at = text.slice(from, start + quote.length + REANCHOR_DISTANCE).indexOf(quote);
  return at === -1 ? null : { start: from + at, end: from + at + quote.length };
}
