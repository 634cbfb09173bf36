import { languageOf } from "../analysis/language.ts";
import { folded, isCutIntoGrams, scriptRuns } from "../analysis/script.ts";
import { stopPair } from "../analysis/stop-pairs.ts";
import { termId } from "../analysis/term-id.ts";
import { formsOf } from "../analysis/terms.ts";
import { LANGUAGES } from "../index-totals.ts";
import type { Span } from "../text/sentences.ts";
import { analysedQuery } from "./query.ts";

/** Where the words of a query stand in a text, under any of their forms: sorted, apart from each other. */
export function highlights(query: string, text: string): Span[] {
  const { kind, terms } = analysedQuery(query, LANGUAGES);
  const wanted = new Set(terms.flatMap(({ ids }) => ids));
  return kind === "words" ? wordSpans(wanted, text) : pairSpans(wanted, text);
}

function wordSpans(wanted: ReadonlySet<number>, text: string): Span[] {
  const language = languageOf(text);
  const isWanted = (form: string) => wanted.has(termId(form));
  const known = new Map<string, boolean>();
  const spans: Span[] = [];
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const run = scriptRuns(folded(word))[0];
    if (run === undefined) continue;
    // Folding one ideograph gives one ideograph, so the place of a gram in the run is its place in the text.
    if (isCutIntoGrams(run.script) && run.word.length === word.length) {
      for (const [at, form] of formsOf(run, language).entries()) {
        if (isWanted(form)) spans.push({ start: index + at, end: index + at + form.length });
      }
      continue;
    }
    const isHit = known.get(word) ?? formsOf(run, language).some(isWanted);
    known.set(word, isHit);
    if (isHit) spans.push({ start: index, end: index + word.length });
  }
  return merged(spans);
}

/** Of words that stand in a pair with their neighbour. */
function pairSpans(wanted: ReadonlySet<number>, text: string): Span[] {
  const spans: Span[] = [];
  let before: (Span & { word: string }) | null = null;
  for (const { 0: written, index } of text.matchAll(WORDS)) {
    const word = { word: folded(written), start: index, end: index + written.length };
    if (before !== null && wanted.has(termId(stopPair(before.word, word.word)))) {
      spans.push({ start: before.start, end: word.end });
    }
    before = word;
  }
  return merged(spans);
}

const WORDS = /[\p{L}\p{M}\p{N}]+/gu;

function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last !== undefined && span.start <= last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    } else result.push(span);
  }
  return result;
}
