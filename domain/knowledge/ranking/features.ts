import type { Hits } from "./hits.ts";
import type { AnalysedQuery } from "./query.ts";
import type { WeightedTerm } from "./weights.ts";

/** How well a chunk answers a query beyond counting its words; each is in 0..1. */
export interface Features {
  /** Share of the query's weight whose terms are present. */
  readonly cover: number;
  /** Neighbours of the query that are neighbours here. */
  readonly bigram: number;
  /** Largest share of the query's weight inside one window. */
  readonly window: number;
  /** Share of the query's weight in title and headings. */
  readonly title: number;
}

/** About two sentences. */
const WINDOW = 30;

export type FeatureReader = (hits: Hits) => Features;

export function featureReader(query: AnalysedQuery, terms: readonly WeightedTerm[]): FeatureReader {
  const weights = terms.map((term) => term.weight);
  const total = sum(weights) || 1;
  const pairs = pairWeights(query, weights);
  const pairTotal = sum([...pairs.values()]) || 1;

  return function readFeatures(hits) {
    const { cover, title, bodyFrom } = presence(hits, weights);
    return {
      cover: cover / total,
      title: title / total,
      window: bestWindow(hits, bodyFrom, weights) / total,
      bigram: adjacent(hits, bodyFrom, pairs) / pairTotal,
    };
  };
}

function pairWeights(query: AnalysedQuery, weights: readonly number[]): Map<number, number> {
  const pairs = new Map<number, number>();
  for (let at = 1; at < query.sequence.length; at += 1) {
    const left = query.sequence[at - 1] ?? 0;
    const right = query.sequence[at] ?? 0;
    if (left !== right) pairs.set(pairKey(left, right), (weights[left] ?? 0) + (weights[right] ?? 0));
  }
  return pairs;
}

/** Terms number 256 at most, so a pair fits one number. */
function pairKey(left: number, right: number): number {
  return left * 65_536 + right;
}

/** The weight of the pairs that are neighbours here, each counted once. */
function adjacent(hits: Hits, from: number, pairs: ReadonlyMap<number, number>): number {
  let weight = 0;
  const seen = new Set<number>();
  for (let at = from + 1; at < hits.positions.length; at += 1) {
    if ((hits.positions[at] ?? 0) - (hits.positions[at - 1] ?? 0) !== 1) continue;
    const key = pairKey(hits.terms[at - 1] ?? 0, hits.terms[at] ?? 0);
    if (seen.has(key)) continue;
    seen.add(key);
    weight += pairs.get(key) ?? 0;
  }
  return weight;
}

/** Slides over the hits, counting each term once, and keeps the heaviest window. */
function bestWindow(hits: Hits, from: number, weights: readonly number[]): number {
  const inside = new Uint16Array(weights.length);
  let weight = 0;
  let best = 0;
  let left = from;
  for (let right = from; right < hits.positions.length; right += 1) {
    const entering = hits.terms[right] ?? 0;
    if (inside[entering] === 0) weight += weights[entering] ?? 0;
    inside[entering] = (inside[entering] ?? 0) + 1;
    while ((hits.positions[right] ?? 0) - (hits.positions[left] ?? 0) >= WINDOW) {
      const leaving = hits.terms[left] ?? 0;
      inside[leaving] = (inside[leaving] ?? 0) - 1;
      if (inside[leaving] === 0) weight -= weights[leaving] ?? 0;
      left += 1;
    }
    best = Math.max(best, weight);
  }
  return best;
}

/** The weight of the terms that are there, each counted once; `title` is what it has reached where the text begins. */
function presence(
  { terms, positions, prefixLength }: Hits,
  weights: readonly number[],
): { cover: number; title: number; bodyFrom: number } {
  const seen = new Uint8Array(weights.length);
  let cover = 0;
  let title = 0;
  let bodyFrom = 0;
  for (let at = 0; at < terms.length; at += 1) {
    const term = terms[at] ?? 0;
    if (seen[term] === 0) cover += weights[term] ?? 0;
    seen[term] = 1;
    if ((positions[at] ?? 0) >= prefixLength) continue;
    title = cover;
    bodyFrom = at + 1;
  }
  return { cover, title, bodyFrom };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
