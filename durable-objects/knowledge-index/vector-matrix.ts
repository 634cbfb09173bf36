// The vectors of one index in memory, quantised, and their dot products with a query.
//   V1  rows are ordered by chunk number, which only grows, so a chunk is found by bisection.
//   V2  a removed row is marked and skipped; once a quarter is marked, the rest moves together.
//   V3  memory grows by a fraction of what is there; nothing shrinks it but a new matrix.
import type { QuantisedVector } from "../../domain/knowledge/embedding/quantised.ts";

export interface Neighbour {
  readonly chunk: number;
  readonly cosine: number;
}

export interface CosineScan {
  /** Nearest first; ties by chunk number. */
  nearest(limit: number, isAllowed: ((chunk: number) => boolean) | null): Neighbour[];
  /** In the order of `chunks`; `null` where the index holds no vector. */
  cosinesOf(chunks: readonly number[]): (number | null)[];
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly dotProducts: (query: number, rows: number, count: number, stride: number, out: number) => void;
}

const PAGE_BYTES = 65_536;
const LANES = 16;
/** The kernel looks at so many rows at once. */
const ROWS_AT_ONCE = 4;
/** Memory layout: the query in 16 bits a number, then dot products of one block of rows, then the rows. */
const QUERY_AT = 0;
const PRODUCTS_AT = 8_192;
const BLOCK_ROWS = 15_360;
const ROWS_AT = PRODUCTS_AT + BLOCK_ROWS * 4;
const MIN_CAPACITY = 256;
const GROWTH = 1.25;
const REMOVED_SHARE = 0.25;

export class VectorMatrix {
  readonly stride: number;
  readonly #kernel: Kernel;
  #chunks = new Uint32Array(MIN_CAPACITY);
  /** Negative marks a removed row. */
  #scales = new Float32Array(MIN_CAPACITY);
  #rows = 0;
  #removed = 0;

  constructor(module: WebAssembly.Module, dimensions: number) {
    this.stride = Math.ceil(dimensions / LANES) * LANES;
    this.#kernel = kernelOf(module);
    this.#reserve(MIN_CAPACITY);
  }

  get bytes(): number {
    return this.#kernel.memory.buffer.byteLength;
  }

  /** `chunk` is larger than every chunk that was appended before. */
  append(chunk: number, vector: QuantisedVector): void {
    this.#reserve(this.#rows + 1);
    this.#chunks[this.#rows] = chunk;
    this.#scales[this.#rows] = vector.scale;
    const at = this.#addressOf(this.#rows);
    const row = new Int8Array(this.#kernel.memory.buffer, at, this.stride);
    row.fill(0);
    row.set(vector.bytes);
    this.#rows += 1;
  }

  remove(chunk: number): void {
    const row = this.#rowOf(chunk);
    if (row === null) return;
    this.#scales[row] = -1;
    this.#removed += 1;
    if (this.#removed > MIN_CAPACITY && this.#removed > this.#rows * REMOVED_SHARE) this.#compact();
  }

  scan(query: QuantisedVector): CosineScan {
    const products = this.#products(query);
    const [rows, chunks, scales] = [this.#rows, this.#chunks, this.#scales];
    const cosineAt = (row: number) => (products[row] ?? 0) * (scales[row] ?? 0) * query.scale;
    return {
      nearest: (limit, isAllowed) => {
        const best = new Nearest(limit);
        let { threshold } = best;
        for (let row = 0; row < rows; row += 1) {
          const cosine = cosineAt(row);
          if (cosine <= threshold || (scales[row] ?? -1) < 0) continue;
          const chunk = chunks[row] ?? 0;
          if (isAllowed !== null && !isAllowed(chunk)) continue;
          best.add({ chunk, cosine });
          ({ threshold } = best);
        }
        return best.sorted();
      },
      cosinesOf: (chunks) =>
        chunks.map((chunk) => {
          const row = this.#rowOf(chunk);
          return row === null ? null : cosineAt(row);
        }),
    };
  }

  #products(query: QuantisedVector): Int32Array {
    const { memory, dotProducts } = this.#kernel;
    const target = new Int16Array(memory.buffer, QUERY_AT, this.stride);
    target.fill(0);
    target.set(query.bytes);
    const all = new Int32Array(this.#rows);
    for (let from = 0; from < this.#rows; from += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, this.#rows - from);
      dotProducts(QUERY_AT, this.#addressOf(from), count, this.stride, PRODUCTS_AT);
      all.set(new Int32Array(memory.buffer, PRODUCTS_AT, count), from);
    }
    return all;
  }

  #rowOf(chunk: number): number | null {
    let low = 0;
    let high = this.#rows - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#chunks[middle] ?? 0;
      if (found === chunk) return (this.#scales[middle] ?? -1) < 0 ? null : middle;
      if (found < chunk) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  #reserve(rows: number): void {
    if (rows > this.#chunks.length) {
      const capacity = Math.ceil(rows * GROWTH);
      this.#chunks = resized(new Uint32Array(capacity), this.#chunks);
      this.#scales = resized(new Float32Array(capacity), this.#scales);
    }
    const { memory } = this.#kernel;
    const missing = this.#addressOf(this.#chunks.length + ROWS_AT_ONCE - 1) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  }

  #compact(): void {
    const bytes = new Int8Array(this.#kernel.memory.buffer);
    let to = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      const scale = this.#scales[row] ?? -1;
      if (scale < 0) continue;
      this.#chunks[to] = this.#chunks[row] ?? 0;
      this.#scales[to] = scale;
      bytes.copyWithin(this.#addressOf(to), this.#addressOf(row), this.#addressOf(row) + this.stride);
      to += 1;
    }
    this.#rows = to;
    this.#removed = 0;
  }

  #addressOf(row: number): number {
    return ROWS_AT + row * this.stride;
  }
}

/** The best few of many, without sorting the many: a sorted list that a new item is inserted into. */
class Nearest {
  readonly #limit: number;
  readonly #items: Neighbour[] = [];
  /** What a cosine must exceed to matter. A text that shares nothing is no neighbour, so it starts at zero. */
  threshold = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: Neighbour): void {
    let at = this.#items.length;
    while (at > 0 && (this.#items[at - 1]?.cosine ?? 0) < item.cosine) at -= 1;
    this.#items.splice(at, 0, item);
    if (this.#items.length > this.#limit) this.#items.pop();
    if (this.#items.length === this.#limit) this.threshold = this.#items.at(-1)?.cosine ?? 0;
  }

  sorted(): Neighbour[] {
    return this.#items;
  }
}

function resized<T extends Uint32Array | Float32Array>(larger: T, current: T): T {
  larger.set(current);
  return larger;
}

/** The module is the one built from dot-products.wat, whose exports are these. */
function kernelOf(module: WebAssembly.Module): Kernel {
  return new WebAssembly.Instance(module).exports as unknown as Kernel;
}
