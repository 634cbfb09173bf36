import type { Hits } from "./hits.ts";
import type { WeightedTerm } from "./weights.ts";

export const K1 = 1.2;
/** More than the usual .75: features count what is there once, so a longer chunk has more of them. */
const B = 0.9;

/** What a chunk's length makes of a term's frequency in it. */
export function lengthNorm(length: number, averageLength: number): number {
  return K1 * (1 - B + (B * length) / Math.max(1, averageLength));
}

/** BM25, with a term that the query repeats counted as often. */
export function bm25(hits: Hits, terms: readonly WeightedTerm[], averageLength: number): number {
  const frequencies = new Float64Array(terms.length);
  for (const term of hits.terms) frequencies[term] = (frequencies[term] ?? 0) + 1;
  const norm = lengthNorm(hits.length, averageLength);
  let score = 0;
  for (let index = 0; index < terms.length; index += 1) {
    const term = terms[index];
    const frequency = frequencies[index] ?? 0;
    if (term === undefined || frequency === 0) continue;
    score += (term.count * term.idf * frequency * (K1 + 1)) / (frequency + norm);
  }
  return score;
}
