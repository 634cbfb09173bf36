// Pseudo-relevance feedback: words that the best candidates share and the query does not say count for the others, too.
//   F1  it changes the order of what was found and finds nothing; relevance does not see it.
//   F2  it depends on the best candidates and on totals of the whole index alone, so several objects answer as one.
import { batchesOf } from "../../kernel/batches.ts";
import type { IndexTotals } from "../index-totals.ts";
import { lengthNorm } from "./bm25.ts";
import type { TermKind } from "./query.ts";
import type { RankOptions } from "./rank.ts";
import { inverseDocumentFrequency, type WeightedTerm } from "./weights.ts";

/** The numbers are those that did best over the harder collections of docs/retrieval.md, with room on either side. */
export const FEEDBACK_CHUNKS = 3;
/** The first so many candidates are scored by its words; what lies behind them it would not bring to the front. */
export const FEEDBACK_REACH = 100;
const FEEDBACK_TERMS = 15;
/** All of them together weigh half of the query. */
const FEEDBACK_WEIGHT = 0.5;
/** A word of one chunk is its own; one of every fifth is everybody's. */
const MIN_FREQUENCY = 2;
const MAX_SHARE = 0.2;

/** Vectors that know meaning bring other words by themselves; a phrase of stop words is asked for as it stands. */
export function wantsFeedback({ mode, rerank, vectors }: RankOptions, kind: TermKind): boolean {
  return rerank && mode === "hybrid" && vectors === "lexical" && kind === "words";
}

/** In how many chunks of the whole index each term is. */
export type FrequencyLookup = (terms: readonly number[]) => ReadonlyMap<number, number>;

/**
 * `best` are the analysed words of the best candidates, in their order; `asked` is what the query says itself. Frequencies are
 * looked up for the strongest words first, and no longer once what is left could not be chosen if it were as rare as can be.
 */
export function feedbackTerms(
  best: readonly Uint32Array[],
  asked: readonly WeightedTerm[],
  frequenciesOf: FrequencyLookup,
  { chunks, averageLength }: Pick<IndexTotals, "chunks" | "averageLength">,
): WeightedTerm[] {
  const rarest = inverseDocumentFrequency(MIN_FREQUENCY, chunks);
  let chosen: ScoredWord[] = [];
  for (const words of batchesOf(strengths(best, asked, averageLength), LOOKED_UP_AT_ONCE)) {
    const last = chosen[FEEDBACK_TERMS - 1];
    if (last !== undefined && (words[0]?.strength ?? 0) * rarest < last.score) break;
    const frequencies = frequenciesOf(words.map(({ id }) => id));
    const scored = words.flatMap(({ id, strength }): ScoredWord[] => {
      const frequency = frequencies.get(id) ?? 0;
      if (frequency < MIN_FREQUENCY || frequency > MAX_SHARE * chunks) return [];
      return [{ id, frequency, score: strength * inverseDocumentFrequency(frequency, chunks) }];
    });
    chosen = [...chosen, ...scored].toSorted((a, b) => b.score - a.score || a.id - b.id).slice(0, FEEDBACK_TERMS);
  }
  const total = chosen.reduce((sum, { score }) => sum + score, 0);
  const budget = FEEDBACK_WEIGHT * asked.reduce((sum, { idf, count }) => sum + idf * count, 0);
  return chosen.map(({ id, frequency, score }) => {
    const weight = (budget * score) / total;
    return { ids: [id], count: 1, documentFrequency: frequency, idf: weight, weight };
  });
}

const LOOKED_UP_AT_ONCE = 64;

interface ScoredWord {
  readonly id: number;
  readonly frequency: number;
  readonly score: number;
}

/** How much the best say each word that the query does not say, strongest first. */
function strengths(
  best: readonly Uint32Array[],
  asked: readonly WeightedTerm[],
  averageLength: number,
): { id: number; strength: number }[] {
  const said = new Set(asked.flatMap(({ ids }) => ids));
  const strengthOf = new Map<number, number>();
  for (const [rank, ids] of best.slice(0, FEEDBACK_CHUNKS).entries()) {
    const norm = lengthNorm(ids.length, averageLength);
    for (const [id, count] of counted(ids)) {
      if (said.has(id)) continue;
      strengthOf.set(id, (strengthOf.get(id) ?? 0) + count / (count + norm) / (rank + 1));
    }
  }
  return [...strengthOf]
    .map(([id, strength]) => ({ id, strength }))
    .toSorted((a, b) => b.strength - a.strength || a.id - b.id);
}

function counted(ids: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
