// Where each chunk lies among the topics that were learned from the collection (domain/knowledge/embedding/topics.ts).
//   T3  vectors of two learnings never meet: each is a generation of its own, and one is looked at by searches.
//   T4  a generation comes into force in the transaction that gave the last chunk its place in it.
//   T5  a learning that died midway leaves rows of a generation that is never looked at; the next one removes them.
//   T6  an index over several objects has one model: the first object learns it from samples of all, and the others adopt it.
import { quantised } from "../../domain/knowledge/embedding/quantised.ts";
import { learnedTopics, TOPICS, type TopicModel, topicVector } from "../../domain/knowledge/embedding/topics.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import kernel from "./kernel/dot-products.wasm";
import { type CosineScan, VectorMatrix } from "./vector-matrix.ts";
import { readTokenIds } from "./word-index.ts";

/** Below it words do well by themselves, and company is chance. */
const MIN_CHUNKS = 1_000;
/** Of one object: above it the places of all chunks would crowd the isolate's memory, and learning takes another 30 MB. */
export const MAX_PLACED_CHUNKS = 100_000;
const SAMPLE = 2_000;
/** Learned anew once the collection has doubled. */
const GROWTH = 2;
const CHUNKS_AT_ONCE = 200;

/** So that what has no topics is not looked at again before it has doubled. */
const NOTHING_LEARNED: TopicTerms = { terms: new Map(), vectors: new Float32Array() };

type TopicTerms = Pick<TopicModel, "terms" | "vectors">;

/** What one object learned for all. */
export interface SharedTopics {
  readonly generation: number;
  /** How many the index held when it was learned. */
  readonly chunks: number;
  readonly model: TopicTerms;
}

interface Learned {
  readonly generation: number;
  readonly chunks: number;
}

export class TopicIndex {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  #matrix: VectorMatrix | null = null;
  /** Rises when everything is forgotten, so that a learning of before stops. */
  #epoch = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** `chunks` are those of the whole index. */
  isDue(chunks: number): boolean {
    return chunks >= MIN_CHUNKS && chunks >= (this.#inForce()?.chunks ?? 0) * GROWTH;
  }

  /** The generation in force; those of several objects compare when they are of the same one. */
  generation(): number | null {
    return this.#inForce()?.generation ?? null;
  }

  /** To be called in the transaction that writes the chunks' tokens; gives back what memory is to follow. */
  add(range: ChunkRange, tokens: readonly Uint32Array[]): void {
    const learned = this.#inForce();
    if (learned === null || range.count === 0) return;
    const vectors = placed(
      tokens,
      this.#vectorsOf(
        learned.generation,
        tokens.flatMap((ids) => [...ids]),
      ),
    );
    this.#insert(learned.generation, range, vectors);
    for (const [index, vector] of vectors.entries()) this.#matrix?.append(range.first + index, vector);
  }

  remove({ first, count }: ChunkRange): void {
    this.#sql.exec("delete from topic_segment where first_chunk = ?", first);
    for (let chunk = first; chunk < first + count; chunk += 1) this.#matrix?.remove(chunk);
  }

  /** `null` while nothing was learned, and for a query whose words are not among what was. */
  scan(ids: readonly number[]): CosineScan | null {
    const learned = this.#inForce();
    if (learned === null) return null;
    const [vector] = placed([Uint32Array.from(ids)], this.#vectorsOf(learned.generation, ids));
    if (vector === undefined || vector.scale === 0) return null;
    return this.#load(learned.generation).scan(vector);
  }

  /** What is in memory is no longer what is stored. */
  forget(): void {
    this.#matrix = null;
    this.#epoch += 1;
  }

  /** So many chunks of this object as are its share of the whole's sample. */
  sample(chunks: number): Uint32Array[] {
    return readSample(this.#sql, chunks);
  }

  /** Learns from a sample of the whole. `rest` lets other events of the object pass. */
  async learn(sample: readonly Uint32Array[], chunks: number, rest: () => Promise<void>): Promise<void> {
    const epoch = this.#epoch;
    const model = (await completed(learnedTopics(sample), rest)) ?? NOTHING_LEARNED;
    if (this.#epoch === epoch) await this.adopt({ generation: (this.generation() ?? 0) + 1, chunks, model }, rest);
  }

  /** Gives every chunk its place among the topics, and brings them into force. */
  async adopt({ generation, chunks, model }: SharedTopics, rest: () => Promise<void>): Promise<void> {
    if (this.generation() === generation) return;
    const epoch = this.#epoch;
    this.#begin(generation, model);
    const vectorOf = vectorsIn(model);
    for (let after: number | null = 0; after !== null && this.#epoch === epoch; await rest()) {
      const from: number = after;
      after = this.#storage.transactionSync(() => this.#place(generation, from, chunks, vectorOf));
    }
    this.#matrix = null;
  }

  /** What is in force, for an object that has not adopted it yet; `null` while nothing was learned. */
  shared(): SharedTopics | null {
    const learned = this.#inForce();
    if (learned === null) return null;
    const rows = this.#sql
      .exec<{ term: number; vector: ArrayBuffer }>(
        "select term, vector from topic_term where generation = ? order by term",
        learned.generation,
      )
      .toArray();
    const vectors = new Float32Array(rows.length * TOPICS);
    for (const [row, { vector }] of rows.entries()) vectors.set(new Float32Array(vector), row * TOPICS);
    return { ...learned, model: { terms: new Map(rows.map(({ term }, row) => [term, row])), vectors } };
  }

  /** Whether one of so many objects has not adopted what is in force. */
  isLackingIn(shards: number): boolean {
    const generation = this.generation();
    if (generation === null) return false;
    const rows = this.#sql.exec("select shards from topic_spread where generation = ?", generation).toArray();
    return Number(rows[0]?.shards ?? 1) < shards;
  }

  noteSpread(shards: number): void {
    const generation = this.generation();
    this.#storage.transactionSync(() => {
      this.#sql.exec("delete from topic_spread");
      if (generation !== null) this.#sql.exec("insert into topic_spread values (?, ?)", generation, shards);
    });
  }

  #inForce(): Learned | null {
    const [row] = this.#sql.exec("select generation, chunks from topic_model where is_in_force = 1").toArray();
    return row === undefined ? null : { generation: Number(row.generation), chunks: Number(row.chunks) };
  }

  /** A new generation with its terms; what learnings that died have left is removed. */
  #begin(generation: number, model: TopicTerms): void {
    this.#storage.transactionSync(() => {
      const sql = this.#sql;
      const inForce = this.#inForce()?.generation ?? 0;
      for (const table of ["topic_model", "topic_term", "topic_segment"]) {
        sql.exec(`delete from ${table} where generation <> ?`, inForce);
      }
      sql.exec("insert into topic_model values (?, 0, 0)", generation);
      for (const [term, row] of model.terms) {
        const vector = model.vectors.slice(row * TOPICS, (row + 1) * TOPICS);
        sql.exec("insert into topic_term values (?, ?, ?)", generation, term, vector.buffer);
      }
    });
  }

  /** Gives the next documents after a chunk their places; `null` once there are none, and the generation is in force. */
  #place(
    generation: number,
    after: number,
    chunks: number,
    vectorOf: (term: number) => Float32Array | undefined,
  ): number | null {
    const next = this.#sql
      .exec(
        "select first_chunk, chunks from document where first_chunk > ? and chunks > 0 order by first_chunk limit ?",
        after,
        CHUNKS_AT_ONCE,
      )
      .toArray();
    let placedChunks = 0;
    let last: number | null = null;
    for (const row of next) {
      if (placedChunks >= CHUNKS_AT_ONCE) return last;
      const range = { first: Number(row.first_chunk), count: Number(row.chunks) };
      this.#insert(generation, range, placed(readTokenIds(this.#sql, range), vectorOf));
      placedChunks += range.count;
      last = range.first;
    }
    if (next.length === CHUNKS_AT_ONCE) return last;
    this.#sql.exec("delete from topic_model where generation <> ?", generation);
    this.#sql.exec("delete from topic_term where generation <> ?", generation);
    this.#sql.exec("delete from topic_segment where generation <> ?", generation);
    this.#sql.exec("update topic_model set is_in_force = 1, chunks = ?", chunks);
    this.#sql.exec("update state set revision = revision + 1");
    return null;
  }

  #insert(generation: number, { first, count }: ChunkRange, vectors: readonly ReturnType<typeof quantised>[]): void {
    const bytes = new Int8Array(count * TOPICS);
    for (const [index, vector] of vectors.entries()) bytes.set(vector.bytes, index * TOPICS);
    const scales = Float32Array.from(vectors, (vector) => vector.scale);
    this.#sql.exec(
      "insert or replace into topic_segment values (?, ?, ?, ?, ?)",
      generation,
      first,
      count,
      scales.buffer,
      bytes.buffer,
    );
  }

  #vectorsOf(generation: number, ids: readonly number[]): (term: number) => Float32Array | undefined {
    const rows = this.#sql.exec<{ term: number; vector: ArrayBuffer }>(
      "select term, vector from topic_term where generation = ? and term in (select value from json_each(?))",
      generation,
      JSON.stringify([...new Set(ids)]),
    );
    const held = new Map(rows.toArray().map(({ term, vector }) => [term, new Float32Array(vector)]));
    return (term) => held.get(term);
  }

  #load(generation: number): VectorMatrix {
    if (this.#matrix !== null) return this.#matrix;
    const matrix = new VectorMatrix(kernel, TOPICS);
    const segments = this.#sql.exec<{ first_chunk: number; chunks: number; scales: ArrayBuffer; bytes: ArrayBuffer }>(
      "select first_chunk, chunks, scales, bytes from topic_segment where generation = ? order by first_chunk",
      generation,
    );
    for (const { first_chunk, chunks, scales, bytes } of segments) {
      const scaleOf = new Float32Array(scales);
      for (let index = 0; index < chunks; index += 1) {
        const row = new Int8Array(bytes, index * TOPICS, TOPICS);
        matrix.append(first_chunk + index, { bytes: row, scale: scaleOf[index] ?? 0 });
      }
    }
    this.#matrix = matrix;
    return matrix;
  }
}

function placed(tokens: readonly Uint32Array[], vectorOf: (term: number) => Float32Array | undefined) {
  return tokens.map((ids) => quantised(topicVector(ids, vectorOf)));
}

function vectorsIn({ terms, vectors }: TopicTerms): (term: number) => Float32Array | undefined {
  return (term) => {
    const row = terms.get(term);
    return row === undefined ? undefined : vectors.subarray(row * TOPICS, (row + 1) * TOPICS);
  };
}

/** Every so many chunks one, as many as `chunks` of the whole collection ask for. */
function readSample(sql: SqlStorage, chunks: number): Uint32Array[] {
  const step = Math.max(1, Math.ceil(chunks / SAMPLE));
  return sql
    .exec<{ ids: ArrayBuffer }>("select ids from chunk_tokens where id % ? = 0 order by id limit ?", step, SAMPLE)
    .toArray()
    .map(({ ids }) => new Uint32Array(ids));
}

async function completed<T>(work: Generator<undefined, T>, rest: () => Promise<void>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await rest();
  }
}
