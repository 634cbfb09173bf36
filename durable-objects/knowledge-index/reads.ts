import { type Condition, matchesCondition } from "../../domain/knowledge/filter.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";
import type { SearchResult } from "../../domain/knowledge/search.ts";

export type ChunkTest = (chunk: number) => boolean;

export function readTokens(sql: SqlStorage, chunks: readonly number[]): Map<number, TokenList> {
  const rows = sql.exec<{ id: number; prefix_length: number; ids: ArrayBuffer }>(
    "select id, prefix_length, ids from chunk_tokens where id in (select value from json_each(?))",
    JSON.stringify(chunks),
  );
  return new Map(
    rows.toArray().map((row) => [row.id, { ids: new Uint32Array(row.ids), prefixLength: row.prefix_length }]),
  );
}

/** The chunks of documents that meet the condition and are not left out, in their order; `null`: all of them. */
export function readAllowed(
  sql: SqlStorage,
  condition: Condition | null,
  without: readonly string[],
): ChunkRange[] | null {
  if (condition === null && without.length === 0) return null;
  const left = new Set(without);
  const allowed: ChunkRange[] = [];
  const rows = sql.exec<{ first_chunk: number; chunks: number; metadata: string; document_id: string }>(
    "select first_chunk, chunks, metadata, document_id from document order by first_chunk",
  );
  for (const row of rows) {
    if (left.has(row.document_id)) continue;
    if (condition !== null && !matchesCondition(condition, storedMetadata(row.metadata))) continue;
    allowed.push({ first: row.first_chunk, count: row.chunks });
  }
  return allowed;
}

/** Whether a chunk lies in one of the ranges, which are in order. */
export function rangeTest(ranges: readonly ChunkRange[]): ChunkTest {
  const starts = ranges.map(({ first }) => first);
  const ends = ranges.map(({ first, count }) => first + count);
  return function isWithin(chunk) {
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (chunk < (starts[middle] ?? 0)) high = middle - 1;
      else if (chunk >= (ends[middle] ?? 0)) low = middle + 1;
      else return true;
    }
    return false;
  };
}

export type StoredChunk = Omit<SearchResult, "score" | "scores">;

export function readChunks(sql: SqlStorage, chunks: readonly number[]): Map<number, StoredChunk> {
  const rows = sql.exec<Record<string, string | number>>(
    `select chunk.id, chunk.chunk_id, chunk."start", chunk."end", chunk.heading_path, chunk.text,
       document.document_id, document.title, document.metadata
     from json_each(?) wanted
     join chunk on chunk.id = wanted.value
     join document on document.first_chunk = (select max(first_chunk) from document where first_chunk <= chunk.id)`,
    JSON.stringify(chunks),
  );
  return new Map(rows.toArray().map((row) => [Number(row.id), toStoredChunk(row)]));
}

function toStoredChunk(row: Record<string, string | number>): StoredChunk {
  return {
    documentId: String(row.document_id),
    chunkId: String(row.chunk_id),
    title: String(row.title),
    text: String(row.text),
    start: Number(row.start),
    end: Number(row.end),
    headingPath: JSON.parse(String(row.heading_path)) as string[],
    metadata: storedMetadata(String(row.metadata)),
  };
}

/** Metadata was parsed by its schema before it was written; reading thousands for a filter does not parse it again. */
function storedMetadata(json: string): Metadata {
  return JSON.parse(json) as Metadata;
}
