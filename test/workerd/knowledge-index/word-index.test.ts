import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";
import { WordIndex } from "../../../durable-objects/knowledge-index/word-index.ts";
import { anIndex } from "./an-index.ts";

const TERMS = 40;
const WORDS = 400;

/** A small generator with a seed, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs with the word index of an empty object, and what a plain map makes of the same documents. */
function inAWordIndex(use: (words: Model, sql: SqlStorage) => void): Promise<void> {
  return runInDurableObject(anIndex(), (_: KnowledgeIndex, { storage }) => use(new Model(storage.sql), storage.sql));
}

class Model {
  words: WordIndex;
  readonly #sql: SqlStorage;
  readonly #chunks = new Map<number, Uint32Array>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.words = new WordIndex(sql);
  }

  add(first: number, tokens: Uint32Array[]): void {
    for (const [index, ids] of tokens.entries()) {
      this.#sql.exec("insert into chunk_tokens values (?, 0, ?)", first + index, ids.slice().buffer);
      this.#chunks.set(first + index, ids);
    }
    this.words.add({ first, count: tokens.length }, tokens);
  }

  remove(first: number, count: number): void {
    const tokens = Array.from({ length: count }, (_, index) => this.#chunks.get(first + index) ?? new Uint32Array());
    this.#sql.exec("delete from chunk_tokens where id >= ? and id < ?", first, first + count);
    this.words.remove({ first, count }, tokens);
    for (let chunk = first; chunk < first + count; chunk += 1) this.#chunks.delete(chunk);
  }

  expectTrue(): void {
    const ids = Array.from({ length: TERMS }, (_, id) => id);
    const holding = (id: number) =>
      [...this.#chunks].filter(([, tokens]) => tokens.includes(id)).map(([chunk]) => chunk);
    const frequencies = this.words.frequencies(ids);
    for (const id of ids) {
      const expected = holding(id);
      expect(frequencies.get(id) ?? 0).toBe(expected.length);
      const term = { ids: [id], count: 1, documentFrequency: expected.length, idf: 1, weight: 1 };
      const found = this.words.best([term], 100_000, WORDS, null).map(({ chunk }) => chunk);
      expect(found.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
    }
    expect(this.words.terms()).toBe(new Set([...this.#chunks.values()].flatMap((tokens) => [...tokens])).size);
  }
}

/** A few common terms that the queries ask for, and many that make the lists long. */
function aChunk(next: () => number): Uint32Array {
  return Uint32Array.from({ length: WORDS }, (_, at) => Math.floor(at < 8 ? next() * TERMS : 1_000 + next() * 4_000));
}

describe("the word index", () => {
  test("finds what a plain map finds: pending, at rest, removed, put in late and after eviction", () =>
    inAWordIndex((model, sql) => {
      const next = numbers(5);
      const documents = Array.from({ length: 150 }, (_, at) => ({ first: 1 + at * 10, chunks: 1 + (at % 10) }));
      const late = documents.splice(3, 4);
      for (const [at, { first, chunks }] of documents.entries()) {
        model.add(
          first,
          Array.from({ length: chunks }, () => aChunk(next)),
        );
        if (at % 7 === 3) model.remove(first, chunks);
        if (at % 50 === 25) model.words = new WordIndex(sql);
      }
      expect(Number(sql.exec("select count(*) n from posting").one().n)).toBeGreaterThan(0);
      expect(Number(sql.exec("select count(*) n from unposted").one().n)).toBeGreaterThan(0);
      model.expectTrue();
      for (const { first, chunks } of late)
        model.add(
          first,
          Array.from({ length: chunks }, () => aChunk(next)),
        );
      model.expectTrue();
      model.add(
        9_000,
        Array.from({ length: 500 }, () => aChunk(next)),
      );
      expect(Number(sql.exec("select count(*) n from unposted").one().n)).toBe(0);
      model.expectTrue();
      model.words = new WordIndex(sql);
      for (const { first, chunks } of late) model.remove(first, chunks);
      model.expectTrue();
    }));

  test("orders by BM25: rarer words and shorter chunks first", () =>
    inAWordIndex(({ words }) => {
      words.add({ first: 1, count: 3 }, [Uint32Array.of(1, 9, 9, 9), Uint32Array.of(1, 9), Uint32Array.of(2, 9, 9)]);
      const term = (id: number, documentFrequency: number, idf: number) => ({
        ...{ ids: [id], count: 1, weight: idf },
        documentFrequency,
        idf,
      });
      const best = (limit: number, isAllowed: ((chunk: number) => boolean) | null) =>
        words.best([term(1, 2, 1), term(2, 1, 3)], limit, 3, isAllowed).map(({ chunk }) => chunk);
      expect(best(10, null)).toEqual([3, 2, 1]);
      expect(best(1, (chunk) => chunk !== 3)).toEqual([2]);
    }));

  test("an index that kept its words in an FTS5 table finds them still", async () => {
    const index = anIndex();
    await index.upsertDocument({
      documentId: "old",
      title: "Old",
      metadata: {},
      chunks: [{ chunkId: "old#0", start: 0, end: 16, text: "Hotels are cheap", headingPath: [] }],
    });
    await runInDurableObject(index, (_: KnowledgeIndex, { storage: { sql } }) => {
      sql.exec("delete from unposted");
      sql.exec("create virtual table keyword using fts5(body, content='', contentless_delete=1)");
      sql.exec("create table term (id integer primary key, frequency integer not null)");
    });
    const { evictDurableObject } = await import("cloudflare:test");
    await evictDurableObject(index);
    expect(await index.search({ query: "hotels", mode: "keyword" })).toMatchObject({
      found: true,
      results: [{ documentId: "old" }],
    });
  });
});
