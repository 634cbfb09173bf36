import type { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import type { IndexDocument } from "../../domain/knowledge/index-contract.ts";
import { documentLanguage, type Entry } from "./entries.ts";
import { readState, writeState } from "./index-state.ts";

/** Chunks `first` up to `first + count`. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

const NOTHING: ChunkRange = { first: 0, count: 0 };

/** A row holds 2 MB; half of that leaves room for the scales. */
const MAX_SEGMENT_BYTES = 1_000_000;

export function insertDocument(
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
  for (const [index, entry] of entries.entries()) insertChunk(sql, first + index, entry);
  insertSegments(sql, first, entries);
  addFrequencies(
    sql,
    entries.map((entry) => entry.tokens.ids),
    1,
  );
  writeState(sql, {
    revision: state.revision + 1,
    nextChunk: first + Math.max(1, entries.length),
    chunks: state.chunks + entries.length,
    tokens: state.tokens + tokenCount(entries.map((entry) => entry.tokens.ids)),
    embedder,
  });
  return { first, count: entries.length };
}

/** Removes the document and says which chunks it had; none when it is absent. */
export function deleteDocument(sql: SqlStorage, documentId: string): ChunkRange {
  const [row] = sql.exec("select first_chunk, chunks from document where document_id = ?", documentId).toArray();
  if (row === undefined) return NOTHING;
  const range = { first: Number(row.first_chunk), count: Number(row.chunks) };
  const end = range.first + range.count;
  const tokens = sql
    .exec<{ ids: ArrayBuffer }>("select ids from chunk_tokens where id >= ? and id < ?", range.first, end)
    .toArray()
    .map(({ ids }) => new Uint32Array(ids));
  for (const table of ["chunk", "chunk_tokens"])
    sql.exec(`delete from ${table} where id >= ? and id < ?`, range.first, end);
  sql.exec("delete from vector_segment where first_chunk >= ? and first_chunk < ?", range.first, end);
  for (let id = range.first; id < end; id += 1) sql.exec("delete from keyword where rowid = ?", id);
  sql.exec("delete from document where first_chunk = ?", range.first);
  addFrequencies(sql, tokens, -1);
  const state = readState(sql);
  writeState(sql, {
    ...state,
    revision: state.revision + 1,
    chunks: state.chunks - range.count,
    tokens: state.tokens - tokenCount(tokens),
  });
  return range;
}

/** The word that a term id is in the keyword table. */
export function keywordOf(id: number): string {
  return id.toString(36);
}

function insertChunk(sql: SqlStorage, id: number, { chunk, tokens }: Entry): void {
  const path = JSON.stringify(chunk.headingPath);
  sql.exec("insert into chunk values (?, ?, ?, ?, ?, ?)", id, chunk.chunkId, chunk.start, chunk.end, path, chunk.text);
  sql.exec("insert into chunk_tokens values (?, ?, ?)", id, tokens.prefixLength, tokens.ids.slice().buffer);
  sql.exec("insert into keyword (rowid, body) values (?, ?)", id, Array.from(tokens.ids, keywordOf).join(" "));
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

/** In how many chunks each term is: raised or lowered, and forgotten at zero. */
function addFrequencies(sql: SqlStorage, chunks: readonly Uint32Array[], by: 1 | -1): void {
  const changes = new Map<number, number>();
  for (const ids of chunks) for (const id of new Set(ids)) changes.set(id, (changes.get(id) ?? 0) + by);
  if (changes.size === 0) return;
  const json = JSON.stringify([...changes]);
  sql.exec(
    `insert into term (id, frequency) select value ->> 0, value ->> 1 from json_each(?) where true
     on conflict (id) do update set frequency = frequency + excluded.frequency`,
    json,
  );
  if (by < 0) {
    sql.exec("delete from term where frequency <= 0 and id in (select value ->> 0 from json_each(?))", json);
  }
}

function tokenCount(chunks: readonly Uint32Array[]): number {
  return chunks.reduce((sum, ids) => sum + ids.length, 0);
}
