// The vectors of an index in memory: read when first searched, and following what is written from then on.
//   V4  memory holds the vectors of what can be found, and no others; while nothing is in memory there is nothing to follow.
import type { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import type { QuantisedVector } from "../../domain/knowledge/embedding/quantised.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import type { Entry } from "./entries.ts";
import { readState } from "./index-state.ts";
import kernel from "./kernel/dot-products.wasm";
import { readStaged } from "./staging.ts";
import { type CosineScan, VectorMatrix } from "./vector-matrix.ts";

export class VectorMemory {
  readonly #sql: SqlStorage;
  #matrix: VectorMatrix | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get bytes(): number {
    return this.#matrix?.bytes ?? 0;
  }

  scan(query: QuantisedVector): CosineScan {
    this.#matrix ??= this.#read();
    return this.#matrix.scan(query);
  }

  append(range: ChunkRange, entries: readonly Entry[], embedder: EmbedderIdentity): void {
    const stride = Math.ceil(embedder.dimensions / 16) * 16;
    if (this.#matrix !== null && this.#matrix.stride !== stride) this.#matrix = null;
    for (const [index, entry] of entries.entries()) this.#matrix?.append(range.first + index, entry.vector);
  }

  remove(range: ChunkRange | null): void {
    if (this.#matrix !== null && range !== null) removeChunks(this.#matrix, range);
  }

  forget(): void {
    this.#matrix = null;
  }

  #read(): VectorMatrix {
    const { embedder, nextChunk } = readState(this.#sql);
    const { dimensions } = embedder ?? HASHED_EMBEDDER;
    const matrix = new VectorMatrix(kernel, dimensions);
    const segments = this.#sql.exec<{
      first_chunk: number;
      chunks: number;
      scales: ArrayBuffer;
      bytes: ArrayBuffer;
    }>("select first_chunk, chunks, scales, bytes from vector_segment order by first_chunk");
    for (const segment of segments) {
      const scales = new Float32Array(segment.scales);
      for (let index = 0; index < segment.chunks; index += 1) {
        const bytes = new Int8Array(segment.bytes, index * dimensions, dimensions);
        matrix.append(segment.first_chunk + index, { bytes, scale: scales[index] ?? 0 });
      }
    }
    for (const staged of readStaged(this.#sql, nextChunk, null)) removeChunks(matrix, staged);
    return matrix;
  }
}

function removeChunks(matrix: VectorMatrix, { first, count }: ChunkRange): void {
  for (let chunk = first; chunk < first + count; chunk += 1) matrix.remove(chunk);
}
