// What an index over one knowledge base takes and gives, whichever implementation stands behind it.
//   X1  upsertDocuments replaces all that the index held of each document, atomically; repeating it changes nothing.
//   X2  removeDocument leaves nothing of it behind; removing what is absent is no error.
//   X3  vectors of two embedders never meet in one index: the second is refused.
//   X4  a document is found when `settle` says so, whole and not before: an index may take vectors in later than it accepts them.
import * as z from "zod";
import type { EmbedderIdentity } from "./embedding/embedder.ts";
import type { Filter } from "./filter.ts";
import type { Metadata } from "./metadata.ts";
import type { Degradation, SearchMode, SearchResult, SearchTimings } from "./search.ts";

/** Where the nearest vectors of an index are looked for. Their bytes lie in the object in either case. */
export const VectorPlace = z.enum(["embedded", "vectorize"]).meta({ id: "VectorPlace" });
export type VectorPlace = z.infer<typeof VectorPlace>;

export interface IndexedChunk {
  readonly chunkId: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly headingPath: readonly string[];
  /** Searched as if it stood above the text. */
  readonly tableHead?: string;
  /** Left out when the embedder is `local/hash-embed`: the index computes it. */
  readonly embedding?: Float32Array | readonly number[];
}

export interface IndexDocument {
  readonly documentId: string;
  readonly title: string;
  readonly metadata: Metadata;
  readonly chunks: readonly IndexedChunk[];
  /** Defaults to `local/hash-embed`. */
  readonly embedder?: EmbedderIdentity;
}

export type IndexOutcome =
  | {
      readonly indexed: true;
      readonly chunks: number;
      readonly revision: number;
      /** `false`: searches find it once `settle` has said so. */
      readonly isSettled: boolean;
      readonly vectors: VectorPlace;
    }
  | { readonly indexed: false; readonly reason: IndexRefusal; readonly detail: string };

/** `absent`: the index holds no such document, and never will unless it is given it again. */
export type Settling = "settled" | "pending" | "absent";

export type IndexRefusal = "embedder-mismatch" | "invalid-embedding" | "document-too-large" | "index-full";

export interface IndexQuery {
  readonly query: string;
  /** Left out when the embedder is `local/hash-embed`, or to search by keyword alone. */
  readonly queryEmbedding?: Float32Array | readonly number[];
  /** What made `queryEmbedding`; refused when it is not what made the index. */
  readonly embedder?: EmbedderIdentity;
  readonly topK?: number;
  readonly mode?: SearchMode;
  readonly rerank?: boolean;
  readonly filter?: Filter;
  readonly minScore?: number;
  readonly diversity?: number;
  /** Documents that are looked at no more, as if they were removed already. */
  readonly without?: readonly string[];
}

export type IndexSearchOutcome =
  | {
      readonly found: true;
      readonly results: SearchResult[];
      readonly timings: SearchTimings;
      readonly revision: number;
      /** Whether the index had answered the same query at this revision before. */
      readonly isCached: boolean;
      /** What could not be done; the results are what was found without it. */
      readonly degraded?: Degradation;
    }
  | { readonly found: false; readonly reason: "embedder-mismatch" | "invalid-filter"; readonly detail: string };

export interface IndexStats {
  readonly documents: number;
  readonly chunks: number;
  readonly terms: number;
  readonly embedder: EmbedderIdentity | null;
  /** Grows with every change; a cached search is valid for one revision. */
  readonly revision: number;
  readonly storageBytes: number;
  readonly vectorBytes: number;
}
