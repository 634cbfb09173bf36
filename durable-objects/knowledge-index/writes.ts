import type { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import type { IndexDocument } from "../../domain/knowledge/index-contract.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";
import { documentLanguage, type Entry } from "./entries.ts";
import { deleteFacts, insertFacts } from "./facts.ts";
import { readState, writeState } from "./index-state.ts";
import { isStaged } from "./staging.ts";
import type { TopicIndex } from "./topic-index.ts";
import { readTokenIds, type WordIndex, type WordTables } from "./word-index.ts";

/** What follows the tables in memory, in the transaction that changes them. */
export interface IndexMemory {
  readonly words: WordIndex;
  /** What a query of stop words alone is answered by. */
  readonly stopPairs: WordIndex;
  readonly topics: TopicIndex;
}

/** What a document's chunks are found by, in their order. */
export interface ChunkLists {
  readonly tokens: readonly Uint32Array[];
  /** None where no chunk has one. */
  readonly stopPairs: readonly Uint32Array[];
}

/** A row holds 2 MB; half of that leaves room for the scales. */
const MAX_SEGMENT_BYTES = 1_000_000;

/** Writes all of a document but what lets it be found. */
export function insertRows(
  sql: SqlStorage,
  document: IndexDocument,
  entries: readonly Entry[],
  embedder: EmbedderIdentity,
): ChunkRange {
  const state = readState(sql);
  const first = state.nextChunk;
  sql.exec(
    "insert into document values (?, ?, ?, ?, ?, ?)",
    first,
    entries.length,
    document.documentId,
    document.title,
    JSON.stringify(document.metadata),
    documentLanguage(document),
  );
  insertFacts(sql, first, document.metadata);
  const hasStopPairs = entries.some(({ stopPairs }) => stopPairs.ids.length > 0);
  for (const [index, entry] of entries.entries()) {
    insertChunk(sql, first + index, entry);
    insertTokens(sql, "chunk_tokens", first + index, entry.tokens);
    if (hasStopPairs) insertTokens(sql, "chunk_stop_pairs", first + index, entry.stopPairs);
  }
  insertSegments(sql, first, entries);
  writeState(sql, { ...state, nextChunk: first + Math.max(1, entries.length), embedder });
  return { first, count: entries.length };
}

/** Lets chunks be found that were written: the lists are theirs. */
export function insertWords(
  sql: SqlStorage,
  memory: IndexMemory,
  range: ChunkRange,
  { tokens, stopPairs }: ChunkLists,
): void {
  memory.words.add(range, tokens);
  if (stopPairs.length > 0) memory.stopPairs.add(range, stopPairs);
  memory.topics.add(range, tokens);
  const state = readState(sql);
  writeState(sql, {
    ...state,
    revision: state.revision + 1,
    chunks: state.chunks + tokens.length,
    tokens: state.tokens + tokenCount(tokens),
  });
}

export function readLists(sql: SqlStorage, range: ChunkRange): ChunkLists {
  return { tokens: readTokenIds(sql, range), stopPairs: readTokenIds(sql, range, "chunk_stop_pairs") };
}

/** Removes the document and says which chunks it had; `null` when it is absent. */
export function deleteDocument(sql: SqlStorage, memory: IndexMemory, documentId: string): ChunkRange | null {
  const [row] = sql
    .exec("select first_chunk, chunks, metadata from document where document_id = ?", documentId)
    .toArray();
  if (row === undefined) return null;
  const range = { first: Number(row.first_chunk), count: Number(row.chunks) };
  const end = range.first + range.count;
  if (isStaged(sql, range.first)) sql.exec("delete from staged where first_chunk = ?", range.first);
  else removeWords(sql, memory, range);
  for (const table of ["chunk", "chunk_tokens", "chunk_stop_pairs"])
    sql.exec(`delete from ${table} where id >= ? and id < ?`, range.first, end);
  sql.exec("delete from vector_segment where first_chunk >= ? and first_chunk < ?", range.first, end);
  deleteFacts(sql, range.first, JSON.parse(String(row.metadata)) as Metadata);
  sql.exec("delete from document where first_chunk = ?", range.first);
  return range;
}

function removeWords(sql: SqlStorage, memory: IndexMemory, range: ChunkRange): void {
  const { tokens, stopPairs } = readLists(sql, range);
  memory.words.remove(range, tokens);
  if (stopPairs.length > 0) memory.stopPairs.remove(range, stopPairs);
  memory.topics.remove(range);
  const state = readState(sql);
  writeState(sql, {
    ...state,
    revision: state.revision + 1,
    chunks: state.chunks - range.count,
    tokens: state.tokens - tokenCount(tokens),
  });
}

function insertChunk(sql: SqlStorage, id: number, { chunk }: Entry): void {
  const path = JSON.stringify(chunk.headingPath);
  sql.exec("insert into chunk values (?, ?, ?, ?, ?, ?)", id, chunk.chunkId, chunk.start, chunk.end, path, chunk.text);
}

function insertTokens(
  sql: SqlStorage,
  table: WordTables["tokens"],
  id: number,
  { prefixLength, ids }: TokenList,
): void {
  sql.exec(`insert into ${table} values (?, ?, ?)`, id, prefixLength, ids.slice().buffer);
}

function insertSegments(sql: SqlStorage, first: number, entries: readonly Entry[]): void {
  const dimensions = entries[0]?.vector.bytes.length ?? 1;
  const rows = Math.max(1, Math.floor(MAX_SEGMENT_BYTES / dimensions));
  for (let from = 0; from < entries.length; from += rows) {
    const part = entries.slice(from, from + rows);
    const scales = Float32Array.from(part, (entry) => entry.vector.scale);
    const bytes = new Int8Array(part.length * dimensions);
    for (const [index, entry] of part.entries()) bytes.set(entry.vector.bytes, index * dimensions);
    sql.exec("insert into vector_segment values (?, ?, ?, ?)", first + from, part.length, scales.buffer, bytes.buffer);
  }
}

function tokenCount(chunks: readonly Uint32Array[]): number {
  return chunks.reduce((sum, ids) => sum + ids.length, 0);
}
