import type { WeightedTerm } from "./weights.ts";

/** The analysed tokens of one chunk: first those of title and headings, then those of the text. */
export interface TokenList {
  readonly ids: Uint32Array;
  readonly prefixLength: number;
}

/** Where query terms stand in a chunk: parallel lists, by position. */
export interface Hits {
  readonly positions: readonly number[];
  readonly terms: readonly number[];
  readonly prefixLength: number;
  readonly length: number;
}

export type HitFinder = (tokens: TokenList) => Hits;

/**
 * Buckets of the table that a token is tried against first; almost every token of a chunk stops there. A power of two, so that
 * the remainder is a mask: of 32-bit numbers past the middle it would be taken in floating point.
 */
const BUCKETS = 4096;
const MASK = BUCKETS - 1;

export function hitFinder(terms: readonly WeightedTerm[]): HitFinder {
  const termOf = new Map(terms.flatMap((term, index) => term.ids.map((id) => [id, index] as const)));
  const occupied = new Uint8Array(BUCKETS);
  for (const id of termOf.keys()) occupied[id & MASK] = 1;

  return function findHits({ ids, prefixLength }) {
    const positions: number[] = [];
    const found: number[] = [];
    for (let position = 0; position < ids.length; position += 1) {
      const id = ids[position] ?? 0;
      if (occupied[id & MASK] === 0) continue;
      const term = termOf.get(id);
      if (term === undefined) continue;
      positions.push(position);
      found.push(term);
    }
    return { positions, terms: found, prefixLength, length: ids.length };
  };
}
