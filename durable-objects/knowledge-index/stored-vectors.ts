// Cosines from the bytes at rest, for an index whose nearest vectors an index outside knows.
//   N1  what is outside chooses candidates alone: every cosine is computed here, as the scan in memory computes it.
//   N2  a filter that leaves few chunks is answered by comparing all of them; one that leaves many, by those of the neighbours
//       that it leaves, which are its nearest, as far as they reach.
import type { QuantisedVector } from "../../domain/knowledge/embedding/quantised.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import { rangeTest } from "./allowed-chunks.ts";
import type { CosineScan, Neighbour } from "./vector-matrix.ts";

/** Some 20 MB of 1,024 dimensions: about 20 ms. A shard holds 50,000 chunks, so a wider filter leaves two of five neighbours. */
const MAX_COMPARED_CHUNKS = 20_000;

export function storedScan(
  sql: SqlStorage,
  query: QuantisedVector,
  neighbours: readonly number[],
  allowed: readonly ChunkRange[] | null,
): CosineScan {
  const known = new Map<number, number>();
  const learn = (chunks: readonly number[]) => {
    const missing = chunks.filter((chunk) => !known.has(chunk));
    for (const [chunk, cosine] of cosines(sql, query, missing)) known.set(chunk, cosine);
  };
  return {
    nearest(limit, isAllowed) {
      const isStaged = stagedTest(sql);
      const isFew = allowed !== null && countOf(allowed) <= MAX_COMPARED_CHUNKS;
      const chunks = (isFew ? allowed.flatMap(chunksOf) : neighbours).filter(
        (chunk) => !isStaged(chunk) && (isAllowed === null || isAllowed(chunk)),
      );
      learn(chunks);
      return chunks
        .flatMap((chunk): Neighbour[] => {
          const cosine = known.get(chunk) ?? 0;
          return cosine > 0 ? [{ chunk, cosine }] : [];
        })
        .toSorted((a, b) => b.cosine - a.cosine || a.chunk - b.chunk)
        .slice(0, limit);
    },
    cosinesOf(chunks) {
      learn(chunks);
      return chunks.map((chunk) => known.get(chunk) ?? null);
    },
  };
}

function stagedTest(sql: SqlStorage): (chunk: number) => boolean {
  const rows = sql.exec<{ first_chunk: number; chunks: number }>(
    "select first_chunk, chunks from staged join document using (first_chunk) order by first_chunk",
  );
  return rangeTest(rows.toArray().map((row) => ({ first: row.first_chunk, count: row.chunks })));
}

/** Reads each segment that holds one of the chunks once, and holds one at a time. */
function cosines(sql: SqlStorage, query: QuantisedVector, chunks: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  const dimensions = query.bytes.length;
  const segments = sql.exec<{ first_chunk: number; chunks: number; scales: ArrayBuffer; bytes: ArrayBuffer }>(
    `select first_chunk, chunks, scales, bytes from vector_segment where first_chunk in (
       select (select max(first_chunk) from vector_segment where first_chunk <= wanted.value) from json_each(?) wanted
     ) order by first_chunk`,
    JSON.stringify(chunks),
  );
  const wanted = chunks.toSorted((a, b) => a - b);
  let next = 0;
  for (const segment of segments) {
    const scales = new Float32Array(segment.scales);
    const bytes = new Int8Array(segment.bytes);
    const end = segment.first_chunk + segment.chunks;
    while (next < wanted.length && (wanted[next] ?? 0) < segment.first_chunk) next += 1;
    for (; next < wanted.length && (wanted[next] ?? 0) < end; next += 1) {
      const chunk = wanted[next] ?? 0;
      const row = chunk - segment.first_chunk;
      const product = dotProduct(query.bytes, bytes, row * dimensions);
      found.set(chunk, product * (scales[row] ?? 0) * query.scale);
    }
  }
  return found;
}

function dotProduct(query: Int8Array, rows: Int8Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < query.length; at += 1) sum += (query[at] ?? 0) * (rows[from + at] ?? 0);
  return sum;
}

function countOf(ranges: readonly ChunkRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

function chunksOf({ first, count }: ChunkRange): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
