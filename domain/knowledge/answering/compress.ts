import { type Span, trimmed } from "../text/sentences.ts";
import { lexiconOf } from "./lexicon.ts";
import { type Passage, statements } from "./passage.ts";

/** A passage with the parts of it that bear on the question. `marker` is the n that [n] in the answer refers to. */
export interface Source extends Passage {
  readonly marker: number;
  /** Kept parts, in order, as spans of `text`. */
  readonly kept: readonly Span[];
}

const NEIGHBOUR_WEIGHT = 0.3;
const RANK_WEIGHT = 0.15;

interface Scored extends Span {
  readonly passage: number;
  readonly tokens: number;
  readonly score: number;
}

/**
 * Fits passages (best first) to a token budget by keeping the sentences that share most with the question. Sentences
 * that two overlapping passages share are kept once; a passage with nothing kept is no source.
 */
export function compressed(question: string, passages: readonly Passage[], maxTokens: number): Source[] {
  const parts = passages.map((passage) => statements(passage.text));
  const lexicon = lexiconOf(parts.flatMap((spans, index) => spans.map((span) => sliceOf(passages[index], span))));
  const wanted = lexicon.termsOfQuestion(question);
  const scored = parts.flatMap((spans, passage): Scored[] => {
    const covers = spans.map((span) => lexicon.cover(wanted, lexicon.termsOf(sliceOf(passages[passage], span))));
    return spans.map((span, at) => {
      const neighbour = Math.max(covers[at - 1] ?? 0, covers[at + 1] ?? 0);
      const score = (covers[at] ?? 0) + NEIGHBOUR_WEIGHT * neighbour + RANK_WEIGHT / (1 + passage);
      return { start: span.start, end: span.end, tokens: span.tokens, passage, score };
    });
  });

  const kept = affordable(scored, passages, maxTokens);
  return passages
    .flatMap((passage, index) => {
      const spans = kept.filter((span) => span.passage === index).toSorted((a, b) => a.start - b.start);
      return spans.length === 0 ? [] : [{ ...passage, kept: joined(passage.text, spans) }];
    })
    .map((source, index) => ({ ...source, marker: index + 1 }));
}

/** The text that a model reads: kept parts, with a mark where something was left out. */
export function sourceText(source: Source): string {
  return source.kept.map((span) => source.text.slice(span.start, span.end)).join(" ... ");
}

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

/** Neighbours with nothing but white space between them become one span. */
function joined(text: string, spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { start, end } of spans) {
    const last = result.at(-1);
    if (last !== undefined && trimmed(text, last.end, start) === null) {
      result[result.length - 1] = { start: last.start, end };
    } else {
      result.push({ start, end });
    }
  }
  return result;
}

function sliceOf(passage: Passage | undefined, span: Span): string {
  return passage?.text.slice(span.start, span.end) ?? "";
}
