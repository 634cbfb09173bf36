// Which chunks hold which terms: posting lists in SQLite, and those of the newest chunks in memory.
//   W1  a chunk's words are found from the commit that added them on, and not after the one that removed them.
//   W2  chunks that no list at rest names yet are those of `unposted`; memory is rebuilt from them and the chunks' tokens alone.
//   W3  what a search reads is bounded by the postings of its terms, whatever else the index holds.
// Written chunk by chunk, a list would cost a row for every word of every document; written a thousand chunks at a time, a word
// that they share costs one.
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import { K1, lengthNorm } from "../../domain/knowledge/ranking/bm25.ts";
import {
  eachPosting,
  lengthCode,
  lengthOf,
  POSTING,
  type Postings,
  withoutChunks,
} from "../../domain/knowledge/ranking/posting-list.ts";
import { type ScoredChunk, ScoreTable } from "../../domain/knowledge/ranking/score-table.ts";
import type { WeightedTerm } from "../../domain/knowledge/ranking/weights.ts";
import type { ChunkTest } from "./allowed-chunks.ts";
import { PostingRows } from "./posting-rows.ts";

/** About 4 MB in memory, and a fifth of a second to write. */
const MAX_PENDING_POSTINGS = 150_000;
const TERMS_AT_ONCE = 2_000;
/** About 3 MB in memory. */
const MAX_FREQUENCIES = 50_000;

/** Where lists lie, and the tokens that they follow from. */
export interface WordTables {
  readonly tokens: "chunk_tokens" | "chunk_stop_pairs";
  readonly posting: "posting" | "stop_pair_posting";
  readonly unposted: "unposted" | "stop_pair_unposted";
}

export const WORDS: WordTables = { tokens: "chunk_tokens", posting: "posting", unposted: "unposted" };
export const STOP_PAIRS: WordTables = {
  tokens: "chunk_stop_pairs",
  posting: "stop_pair_posting",
  unposted: "stop_pair_unposted",
};

export class WordIndex {
  readonly #sql: SqlStorage;
  readonly #tables: WordTables;
  readonly #rows: PostingRows;
  #pending: Map<number, Postings> | null = null;
  #pendingPostings = 0;
  /** Of terms that were asked for since the index last changed. */
  readonly #frequencies = new Map<number, number>();

  constructor(sql: SqlStorage, tables: WordTables = WORDS) {
    this.#sql = sql;
    this.#tables = tables;
    this.#rows = new PostingRows(sql, tables.posting);
  }

  /** To be called in the transaction that writes the chunks' tokens. */
  add({ first, count }: ChunkRange, tokens: readonly Uint32Array[]): void {
    const pending = this.#load();
    this.#frequencies.clear();
    this.#sql.exec(`insert into ${this.#tables.unposted} values (?, ?)`, first, count);
    this.#hold(pending, first, tokens);
    if (this.#pendingPostings > MAX_PENDING_POSTINGS) this.#post(pending);
  }

  /** To be called in the transaction that removes the chunks' tokens, which are handed over. */
  remove({ first, count }: ChunkRange, tokens: readonly Uint32Array[]): void {
    const terms = [...new Set(tokens.flatMap((ids) => [...ids]))];
    const pending = this.#load();
    this.#frequencies.clear();
    const deleted = this.#sql.exec(`delete from ${this.#tables.unposted} where first_chunk = ?`, first);
    if (deleted.rowsWritten > 0) this.#removePending(pending, terms, { first, count });
    else this.#rows.remove(terms, first, first + count);
  }

  /** After a transaction that failed, memory is no longer what is stored. */
  forget(): void {
    this.#frequencies.clear();
    this.#pending = null;
    this.#pendingPostings = 0;
  }

  /** In how many chunks each term is. */
  frequencies(terms: readonly number[]): Map<number, number> {
    if (this.#frequencies.size > MAX_FREQUENCIES) this.#frequencies.clear();
    const unknown = [...new Set(terms)].filter((term) => !this.#frequencies.has(term));
    if (unknown.length > 0) {
      const found = this.#lookUp(unknown);
      for (const term of unknown) this.#frequencies.set(term, found.get(term) ?? 0);
    }
    return new Map(terms.map((term) => [term, this.#frequencies.get(term) ?? 0]));
  }

  /** Chunks that hold one of the terms, best first by BM25. */
  best(
    terms: readonly WeightedTerm[],
    limit: number,
    averageLength: number,
    isAllowed: ChunkTest | null,
  ): ScoredChunk[] {
    if (terms.length === 0) return [];
    const pending = this.#load();
    const norms = Float64Array.from({ length: 256 }, (_, code) => lengthNorm(lengthOf(code), averageLength));
    const table = new ScoreTable(terms.reduce((sum, term) => sum + term.documentFrequency, 0));
    const weightOf = new Map(terms.flatMap(({ ids, count, idf }) => ids.map((id) => [id, count * idf * (K1 + 1)])));
    const adder = (weight: number) => (chunk: number, frequency: number, code: number) =>
      table.add(chunk, (weight * frequency) / (frequency + (norms[code] ?? 0)));
    for (const { term, first_chunk, data } of this.#rows.of([...weightOf.keys()])) {
      eachPosting(new Uint8Array(data), first_chunk, adder(weightOf.get(term) ?? 0));
    }
    for (const [id, weight] of weightOf) {
      const held = pending.get(id) ?? [];
      const add = adder(weight);
      for (let at = 0; at < held.length; at += POSTING) add(held[at] ?? 0, held[at + 1] ?? 1, held[at + 2] ?? 0);
    }
    return table.best(limit, isAllowed);
  }

  #lookUp(terms: readonly number[]): Map<number, number> {
    const pending = this.#load();
    const found = this.#rows.frequencies(terms);
    for (const term of terms) {
      const more = (pending.get(term)?.length ?? 0) / POSTING;
      if (more > 0) found.set(term, (found.get(term) ?? 0) + more);
    }
    return found;
  }

  terms(): number {
    return this.#rows.terms([...this.#load().keys()]);
  }

  #load(): Map<number, Postings> {
    if (this.#pending !== null) return this.#pending;
    const pending = new Map<number, Postings>();
    this.#pending = pending;
    this.#pendingPostings = 0;
    const waiting = this.#sql.exec(`select * from ${this.#tables.unposted} order by first_chunk`).toArray();
    for (const { first_chunk, chunks } of waiting) {
      const first = Number(first_chunk);
      this.#hold(pending, first, readTokenIds(this.#sql, { first, count: Number(chunks) }, this.#tables.tokens));
      if (this.#pendingPostings > MAX_PENDING_POSTINGS) this.#post(pending, first);
    }
    return pending;
  }

  #hold(pending: Map<number, Postings>, first: number, tokens: readonly Uint32Array[]): void {
    for (const [index, ids] of tokens.entries()) {
      const counts = new Map<number, number>();
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      const code = lengthCode(ids.length);
      for (const [id, count] of counts) {
        const held = pending.get(id);
        if (held === undefined) pending.set(id, [first + index, count, code]);
        else held.push(first + index, count, code);
      }
      this.#pendingPostings += counts.size;
    }
  }

  /** Brings what is pending to rest, up to the document that begins with chunk `through`. */
  #post(pending: Map<number, Postings>, through?: number): void {
    const terms = [...pending.keys()].toSorted((a, b) => a - b);
    for (let at = 0; at < terms.length; at += TERMS_AT_ONCE) {
      const slice = terms.slice(at, at + TERMS_AT_ONCE);
      const newest = new Map(this.#rows.newest(slice).map((row) => [row.term, row]));
      for (const term of slice) this.#rows.append(term, ascending(pending.get(term) ?? []), newest.get(term));
    }
    pending.clear();
    this.#pendingPostings = 0;
    this.#sql.exec(`delete from ${this.#tables.unposted} where ?1 is null or first_chunk <= ?1`, through ?? null);
  }

  #removePending(pending: Map<number, Postings>, terms: readonly number[], { first, count }: ChunkRange): void {
    for (const term of terms) {
      const held = pending.get(term) ?? [];
      const left = withoutChunks(held, first, first + count);
      this.#pendingPostings -= (held.length - left.length) / POSTING;
      if (left.length > 0) pending.set(term, left);
      else pending.delete(term);
    }
  }
}

export function readTokenIds(
  sql: SqlStorage,
  { first, count }: ChunkRange,
  table: WordTables["tokens"] = "chunk_tokens",
): Uint32Array[] {
  return sql
    .exec<{ ids: ArrayBuffer }>(`select ids from ${table} where id >= ? and id < ? order by id`, first, first + count)
    .toArray()
    .map(({ ids }) => new Uint32Array(ids));
}

/** Documents may become findable in another order than they were numbered in. */
function ascending(postings: Postings): Postings {
  let isSorted = true;
  for (let at = POSTING; at < postings.length; at += POSTING) {
    if ((postings[at] ?? 0) < (postings[at - POSTING] ?? 0)) isSorted = false;
  }
  if (isSorted) return postings;
  const starts = Array.from({ length: postings.length / POSTING }, (_, index) => index * POSTING);
  starts.sort((a, b) => (postings[a] ?? 0) - (postings[b] ?? 0));
  return starts.flatMap((at) => postings.slice(at, at + POSTING));
}
