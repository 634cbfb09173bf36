// Candidates of an index that lies over several objects, chosen as one index that held everything would choose them.
//   G1  what an object computes of a candidate depends on the candidate, the query and totals of the whole alone.
//   G2  of what the objects found, the best by words, the nearest by vector and the nearest by topic are taken, as many as of one
//       index.
//   G3  ties go to the document that comes first by id, and in it to the earlier chunk.
import type { Candidate } from "./rank.ts";

/** How deep each signal looks. More finds nothing better in the collections of docs/retrieval.md. */
export const KEYWORD_CANDIDATES = 200;
export const VECTOR_CANDIDATES = 100;

export interface FoundCandidate extends Candidate {
  /** The score by which words chose it; `null`: they did not. */
  readonly byWords: number | null;
  readonly isNeighbour: boolean;
  /** Whether the learned topics chose it. */
  readonly isAkin: boolean;
}

/** A candidate with its place in the whole: the document, and the chunk's number in it. */
export interface ShardCandidate extends FoundCandidate {
  readonly documentId: string;
  readonly position: number;
}

/** `key` counts in the order of G3; `shard` and `chunk` say where it lies. */
export interface GatheredCandidate extends ShardCandidate {
  readonly shard: number;
  readonly chunk: number;
}

export function gathered(shards: readonly (readonly ShardCandidate[])[]): GatheredCandidate[] {
  const all = shards
    .flatMap((found, shard) => found.map((candidate) => ({ ...candidate, shard, chunk: candidate.key })))
    .toSorted(byPlace)
    .map((candidate, key) => ({ ...candidate, key }));
  const byWords = all
    .filter((candidate) => candidate.byWords !== null)
    .toSorted((a, b) => (b.byWords ?? 0) - (a.byWords ?? 0))
    .slice(0, KEYWORD_CANDIDATES);
  const nearest = all
    .filter((candidate) => candidate.isNeighbour)
    .toSorted((a, b) => (b.vector ?? 0) - (a.vector ?? 0))
    .slice(0, VECTOR_CANDIDATES);
  const akin = all
    .filter((candidate) => candidate.isAkin)
    .toSorted((a, b) => (b.topic ?? 0) - (a.topic ?? 0))
    .slice(0, VECTOR_CANDIDATES);
  return [...new Set([...byWords, ...nearest, ...akin])];
}

function byPlace(a: ShardCandidate, b: ShardCandidate): number {
  if (a.documentId === b.documentId) return a.position - b.position;
  return a.documentId < b.documentId ? -1 : 1;
}
