import type { Hits } from "./hits.ts";
import type { WeightedTerm } from "./weights.ts";

const K1 = 1.2;
const B = 0.75;

/**
 * Exact BM25. FTS5's own drops the weight of terms that are in half of the chunks to nothing and counts a repeated
 * query term once; its ranking picks candidates, this one scores them.
 */
export function bm25(hits: Hits, terms: readonly WeightedTerm[], averageLength: number): number {
  const frequencies = new Float64Array(terms.length);
  for (const term of hits.terms) frequencies[term] = (frequencies[term] ?? 0) + 1;
  const norm = K1 * (1 - B + (B * hits.length) / Math.max(1, averageLength));
  let score = 0;
  for (let index = 0; index < terms.length; index += 1) {
    const term = terms[index];
    const frequency = frequencies[index] ?? 0;
    if (term === undefined || frequency === 0) continue;
    score += (term.count * term.idf * frequency * (K1 + 1)) / (frequency + norm);
  }
  return score;
}
