import { problem } from "../../domain/kernel/problem.ts";
import type { IndexStats } from "../../domain/knowledge/index-contract.ts";
import type {
  ChunkRange,
  IndexShape,
  Passage,
  PlacementOutcome,
  PlacementRequest,
  ShardCandidates,
  ShardOutcome,
  ShardQuery,
  ShardSearchOutcome,
  StagedDocument,
  StagingDocument,
} from "../../domain/knowledge/index-shape.ts";
import type { IndexTotals, ShardTotals } from "../../domain/knowledge/index-totals.ts";
import type { WeightedTerm } from "../../domain/knowledge/ranking/weights.ts";
import type { SearchCache } from "../../domain/knowledge/search-cache.ts";
import { within } from "../../services/within.ts";
import type { VectorStore } from "./vector-store.ts";

/** What one object of an index does. The first one also keeps the directory: `shape`, `place`, `locate`, `forgetPlacement`. */
export interface IndexObject {
  upsertDocuments(documents: readonly StagingDocument[]): Promise<ShardOutcome[]>;
  removeDocument(documentId: string): Promise<boolean>;
  revealDocument(documentId: string): Promise<boolean>;
  stagedDocuments(limit: number, documentId: string | null): Promise<StagedDocument[]>;
  noteMutation(first: number, mutation: string): Promise<boolean>;
  ranges(page: { documentId: string | null; after: number; limit: number }): Promise<ChunkRange[]>;
  search(query: ShardQuery): Promise<ShardSearchOutcome>;
  stats(): Promise<IndexStats>;
  clear(): Promise<void>;
  shape(): Promise<IndexShape>;
  totals(text: string): Promise<ShardTotals>;
  candidates(query: ShardQuery, totals: IndexTotals): Promise<ShardCandidates>;
  tokens(chunks: readonly number[]): Promise<Uint32Array[]>;
  frequencies(terms: readonly number[]): Promise<[term: number, chunks: number][]>;
  wordScores(chunks: readonly number[], terms: readonly WeightedTerm[], averageLength: number): Promise<number[]>;
  passages(chunks: readonly number[]): Promise<(Passage | null)[]>;
  place(requests: readonly PlacementRequest[]): Promise<PlacementOutcome[]>;
  locate(documentId: string): Promise<IndexShape & { shard: number | null }>;
  forgetPlacement(documentId: string): Promise<void>;
}

/** Asks one object; its operations may all be repeated. */
export type Ask = <T>(use: (object: IndexObject) => Promise<T>) => Promise<T>;

/** One index: the objects that it lies over and, where it is configured, what keeps its vectors outside. */
export interface IndexObjects {
  shard(number: number): Ask;
  /** Names the vectors of a shard outside, and nothing else: no two indexes share one. */
  namespace(shard: number): string;
  readonly store: VectorStore | null;
  /** How the index is thought to lie, from what was last heard of it. */
  readonly shape: { get(): IndexShape; set(shape: IndexShape): void };
  /** What was answered lately, where the index lies over several objects: one alone remembers by itself. */
  answers(): SearchCache;
  /** How long a search over several objects waits for each. */
  readonly timeoutMs: number;
  /** How many chunks an object takes before the next one is opened. */
  capacity(dimensions: number): number;
}

export function numbersOf({ shards }: IndexShape): number[] {
  return Array.from({ length: shards }, (_, shard) => shard);
}

/** The object that keeps the directory. */
export const FIRST = 0;

export function vectorId(namespace: string, chunk: number): string {
  return `${namespace}.${chunk.toString(36)}`;
}

/** The chunk that an id names; `null` when it is not of this namespace. */
export function chunkOf(namespace: string, id: string): number | null {
  const chunk = id.startsWith(`${namespace}.`) ? Number.parseInt(id.slice(namespace.length + 1), 36) : Number.NaN;
  return Number.isSafeInteger(chunk) ? chunk : null;
}

export function noAnswer(cause?: unknown) {
  return problem("unavailable", { detail: "The knowledge index did not answer.", retryAfterSeconds: 1, cause });
}

/** An object that is late does not answer. */
export async function inTime<T>(
  { shard, timeoutMs }: IndexObjects,
  number: number,
  use: (object: IndexObject) => Promise<T>,
): Promise<T> {
  return within(shard(number)(use), timeoutMs, () => {
    throw noAnswer();
  });
}
