import type { Metadata } from "../../domain/knowledge/metadata.ts";
import type { StoredChunk } from "../../domain/knowledge/ranking/chosen.ts";
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";
import type { WordTables } from "./word-index.ts";

export function readTokens(
  sql: SqlStorage,
  chunks: readonly number[],
  table: WordTables["tokens"] = "chunk_tokens",
): Map<number, TokenList> {
  const rows = sql.exec<{ id: number; prefix_length: number; ids: ArrayBuffer }>(
    `select id, prefix_length, ids from ${table} where id in (select value from json_each(?))`,
    JSON.stringify(chunks),
  );
  return new Map(
    rows.toArray().map((row) => [row.id, { ids: new Uint32Array(row.ids), prefixLength: row.prefix_length }]),
  );
}

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

/** The document of each chunk, and the chunk's number in it. */
export function readPlaces(
  sql: SqlStorage,
  chunks: readonly number[],
): Map<number, { documentId: string; position: number }> {
  const rows = sql.exec<{ chunk: number; first_chunk: number; document_id: string }>(
    `select wanted.value chunk, first_chunk, document_id from json_each(?) wanted
     join document on first_chunk = (select max(first_chunk) from document where first_chunk <= wanted.value)`,
    JSON.stringify(chunks),
  );
  return new Map(
    rows.toArray().map((row) => [row.chunk, { documentId: row.document_id, position: row.chunk - row.first_chunk }]),
  );
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

/** Metadata was parsed by its schema before it was written. */
function storedMetadata(json: string): Metadata {
  return JSON.parse(json) as Metadata;
}
