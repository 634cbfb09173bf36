// Documents that are written and not found yet: their vectors are on the way into an index outside.
//   S1  no search finds a staged document, by any signal, and no total counts it.
//   S2  revealing is one transaction: a document is found whole or not at all.
import type { ChunkRange, StagedDocument } from "../../domain/knowledge/index-shape.ts";

export function isStaged(sql: SqlStorage, firstChunk: number): boolean {
  return sql.exec("select 1 from staged where first_chunk = ?", firstChunk).toArray().length > 0;
}

export function stagedChunks(sql: SqlStorage): number {
  const sum = "select coalesce(sum(chunks), 0) n from staged join document using (first_chunk)";
  return Number(sql.exec(sum).one().n);
}

export function readStaged(sql: SqlStorage, limit: number, documentId: string | null): StagedDocument[] {
  return sql
    .exec<{ document_id: string; first_chunk: number; chunks: number; mutation: string | null }>(
      `select document_id, document.first_chunk, chunks, mutation from staged join document using (first_chunk)
       where ?1 is null or document_id = ?1 order by first_chunk limit ?2`,
      documentId,
      limit,
    )
    .toArray()
    .map((row) => ({
      documentId: row.document_id,
      first: row.first_chunk,
      count: row.chunks,
      mutation: row.mutation,
    }));
}

/** What the index holds, found or not: of one document, or of all that follow `after`. */
export function readRanges(
  sql: SqlStorage,
  { documentId, after, limit }: { documentId: string | null; after: number; limit: number },
): ChunkRange[] {
  return sql
    .exec<{ first_chunk: number; chunks: number }>(
      `select first_chunk, chunks from document
       where first_chunk > ? and (?2 is null or document_id = ?2) order by first_chunk limit ?3`,
      after,
      documentId,
      limit,
    )
    .toArray()
    .map((row) => ({ first: row.first_chunk, count: row.chunks }));
}
