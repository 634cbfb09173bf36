import { type Span, trimmed } from "../text/sentences.ts";
import { lexiconOf } from "./lexicon.ts";
import { type Passage, type Statement, statedText, statements } from "./passage.ts";

/** A passage with the parts of it that bear on the question. `marker` is the n that [n] in the answer refers to. */
export interface Source extends Passage {
  readonly marker: number;
  /** In order. */
  readonly kept: readonly KeptPart[];
}

/** A span of the passage's text. */
export interface KeptPart extends Span {
  /** It goes on with the table of the part before it, of which rows were left out. */
  readonly isSameTable: boolean;
}

const NEIGHBOUR_WEIGHT = 0.3;
const RANK_WEIGHT = 0.15;

interface Scored extends Statement {
  readonly passage: number;
  readonly score: number;
}

/**
 * Fits passages (best first) to a token budget by keeping the sentences that share most with the question. Sentences
 * that two overlapping passages share are kept once; a row keeps the head of its table with it; a passage with nothing kept
 * is no source.
 */
export function compressed(question: string, passages: readonly Passage[], maxTokens: number): Source[] {
  const parts = passages.map((passage) => statements(passage.text));
  const textOf = (passage: number, span: Statement) => statedText(passages[passage]?.text ?? "", span);
  const lexicon = lexiconOf(parts.flatMap((spans, index) => spans.map((span) => textOf(index, span))));
  const wanted = lexicon.termsOfQuestion(question);
  const scored = parts.flatMap((spans, passage): Scored[] => {
    const covers = spans.map((span) => lexicon.cover(wanted, lexicon.termsOf(textOf(passage, span))));
    return spans.map((span, at) => {
      const neighbour = Math.max(covers[at - 1] ?? 0, covers[at + 1] ?? 0);
      const score = (covers[at] ?? 0) + NEIGHBOUR_WEIGHT * neighbour + RANK_WEIGHT / (1 + passage);
      const { start, end, tokens, header } = span;
      return { start, end, tokens, header, passage, score };
    });
  });

  const kept = affordable(scored, passages, maxTokens);
  return passages
    .flatMap((passage, index) => {
      const spans = kept.filter((span) => span.passage === index);
      return spans.length === 0 ? [] : [{ ...passage, kept: joined(passage.text, withHeaders(spans)) }];
    })
    .map((source, index) => ({ ...source, marker: index + 1 }));
}

/** The text that a model reads: kept parts, with a mark where something was left out. A table with fewer rows stays one. */
export function sourceText({ text, kept }: Source): string {
  return kept
    .map(({ start, end, isSameTable }, index) => {
      const gap = index === 0 ? "" : isSameTable ? "\n" : OMISSION;
      return `${gap}${text.slice(start, end)}`;
    })
    .join("");
}

/** What stands for text that was left out. */
export const OMISSION = " ... ";

function affordable(scored: readonly Scored[], passages: readonly Passage[], maxTokens: number): Scored[] {
  const taken = new Set<string>();
  let left = maxTokens;
  return scored
    .toSorted((a, b) => b.score - a.score || a.passage - b.passage || a.start - b.start)
    .filter((span) => {
      const passage = passages[span.passage];
      const place = `${passage?.documentId}:${(passage?.start ?? 0) + span.start}`;
      if (span.tokens > left || taken.has(place)) return false;
      taken.add(place);
      left -= span.tokens;
      return true;
    });
}

interface Kept extends Span {
  /** Where its table begins. */
  readonly table: number | null;
}

/** In the order of the text, each table that has a row among them led by its head. */
function withHeaders(statements: readonly Scored[]): Kept[] {
  const kept = new Map<number, Kept>();
  for (const { start, end, header } of statements) {
    const table = header?.start ?? null;
    if (header !== null) kept.set(header.start, { start: header.start, end: header.end, table });
    kept.set(start, { start, end, table });
  }
  return [...kept.values()].toSorted((a, b) => a.start - b.start);
}

/** Neighbours with nothing but white space between them become one part. */
function joined(text: string, spans: readonly Kept[]): KeptPart[] {
  const result: (KeptPart & Kept)[] = [];
  for (const { start, end, table } of spans) {
    const last = result.at(-1);
    if (last !== undefined && trimmed(text, last.end, start) === null) {
      result[result.length - 1] = { ...last, end, table };
    } else {
      result.push({ start, end, table, isSameTable: table !== null && table === last?.table });
    }
  }
  return result.map(({ start, end, isSameTable }) => ({ start, end, isSameTable }));
}
