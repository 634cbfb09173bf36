// Pseudo-relevance feedback: words that the best candidates share and the query does not say count for the others, too.
//   F1  it changes the order of what was found and finds nothing; relevance does not see it.
//   F2  it depends on the best candidates and on totals of the whole index alone, so several objects answer as one.
import type { IndexTotals } from "../index-totals.ts";
import { lengthNorm } from "./bm25.ts";
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

/** Vectors that know meaning bring other words by themselves. */
export function wantsFeedback({ mode, rerank, vectors }: RankOptions): boolean {
  return rerank && mode === "hybrid" && vectors === "lexical";
}

/** `best` are the analysed words of the best candidates, in their order; `asked` is what the query says itself. */
export function feedbackTerms(
  best: readonly Uint32Array[],
  asked: readonly WeightedTerm[],
  frequencies: ReadonlyMap<number, number>,
  { chunks, averageLength }: Pick<IndexTotals, "chunks" | "averageLength">,
): WeightedTerm[] {
  const said = new Set(asked.flatMap(({ ids }) => ids));
  const scores = new Map<number, number>();
  for (const [rank, ids] of best.slice(0, FEEDBACK_CHUNKS).entries()) {
    const norm = lengthNorm(ids.length, averageLength);
    for (const [id, count] of counted(ids)) {
      const frequency = frequencies.get(id) ?? 0;
      if (said.has(id) || frequency < MIN_FREQUENCY || frequency > MAX_SHARE * chunks) continue;
      const weight = (inverseDocumentFrequency(frequency, chunks) * count) / (count + norm);
      scores.set(id, (scores.get(id) ?? 0) + weight / (rank + 1));
    }
  }
  const chosen = [...scores].toSorted(([a, x], [b, y]) => y - x || a - b).slice(0, FEEDBACK_TERMS);
  const total = chosen.reduce((sum, [, score]) => sum + score, 0);
  const budget = FEEDBACK_WEIGHT * asked.reduce((sum, { idf, count }) => sum + idf * count, 0);
  return chosen.map(([id, score]) => {
    const weight = (budget * score) / total;
    return { ids: [id], count: 1, documentFrequency: frequencies.get(id) ?? 0, idf: weight, weight };
  });
}

function counted(ids: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
