import type { EmbedderIdentity } from "./embedding/embedder.ts";
import type { IndexDocument, IndexOutcome, IndexQuery, IndexSearchOutcome, VectorPlace } from "./index-contract.ts";
import type { StoredChunk } from "./ranking/chosen.ts";
import type { ShardCandidate } from "./ranking/gathered.ts";

/** How an index lies. Its first object keeps it. */
export interface IndexShape {
  /** How many objects it lies over. */
  readonly shards: number;
  readonly vectors: VectorPlace;
  /** Whether vectors of it were ever sent outside, and may lie there still. */
  readonly hasOutside: boolean;
}

/** The object that keeps the directory has the name of the index. */
export function shardName(index: string, shard: number): string {
  return shard === 0 ? index : `${index}/${shard}`;
}

export interface PlacementRequest {
  readonly documentId: string;
  readonly chunks: number;
  /** Where the vectors of this document can be looked for; `null` when it has none. */
  readonly vectors: VectorPlace | null;
  /** What made them, where it is said. */
  readonly embedder: EmbedderIdentity | null;
  /** How many chunks with such vectors an object takes before the next one is opened. */
  readonly capacity: number;
}

export interface Placement extends IndexShape {
  readonly placed: true;
  readonly shard: number;
}

export type PlacementOutcome =
  | Placement
  | { readonly placed: false; readonly reason: "index-full" | "embedder-mismatch"; readonly detail: string };

/** Chunks `first` up to `first + count`. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** A document that is written and not found yet: the vector index has not said that it holds its vectors. */
export interface StagedDocument extends ChunkRange {
  readonly documentId: string;
  /** The last change of the vector index that brought its vectors; `null` when none was accepted. */
  readonly mutation: string | null;
}

export interface StagingDocument extends IndexDocument {
  /** Written and not found before it is revealed. */
  readonly isStaged?: boolean;
  /** The index lies over several objects. */
  readonly isPart?: boolean;
}

export type ShardOutcome =
  | { readonly indexed: true; readonly chunks: number; readonly revision: number; readonly first: number }
  | Extract<IndexOutcome, { indexed: false }>;

export interface ShardQuery extends IndexQuery {
  /** The nearest chunks as an index outside knows them, in place of a scan in memory. */
  readonly neighbours?: readonly number[];
  /** How the asker takes the index to lie; another shape is answered instead of a search. */
  readonly assumed?: IndexShape;
}

export interface OtherShape {
  readonly found: false;
  readonly reason: "other-shape";
  readonly detail: string;
  readonly shape: IndexShape;
}

export function otherShape(shape: IndexShape): OtherShape {
  return { found: false, reason: "other-shape", detail: `it lies over ${shape.shards} objects`, shape };
}

export function sameShape(a: IndexShape, b: IndexShape): boolean {
  return a.shards === b.shards && a.vectors === b.vectors;
}

export type ShardSearchOutcome = IndexSearchOutcome | OtherShape;

export type ShardCandidates =
  | {
      readonly found: true;
      readonly candidates: readonly ShardCandidate[];
      /** The generation of topics that they were placed by. */
      readonly topics: number | null;
      readonly laps: readonly number[];
    }
  | Exclude<ShardSearchOutcome, { found: true }>;

/** A chunk as it is shown, and the words of its text. */
export interface Passage {
  readonly chunk: StoredChunk;
  readonly words: readonly number[];
}
