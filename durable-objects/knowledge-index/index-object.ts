// One object of an index, named by the tenant, the knowledge base and the generation. It keeps the promises X1 to X3 of
// domain/knowledge/index-contract.ts. SQLite holds everything; memory holds the vectors, the newest words and what was searched last, read when needed.
import { DurableObject } from "cloudflare:workers";
import { sameEmbedder } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import type { IndexStats } from "../../domain/knowledge/index-contract.ts";
import {
  type ChunkRange,
  type IndexShape,
  type Passage,
  type PlacementOutcome,
  type PlacementRequest,
  type ShardCandidates,
  type ShardOutcome,
  type ShardQuery,
  type ShardSearchOutcome,
  type StagedDocument,
  type StagingDocument,
  shardName,
} from "../../domain/knowledge/index-shape.ts";
import type { IndexTotals, ShardTotals } from "../../domain/knowledge/index-totals.ts";
import type { WeightedTerm } from "../../domain/knowledge/ranking/weights.ts";
import { forget, indexedChunks, locate, place, readShape } from "./directory.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { IndexReader, mismatch } from "./index-reader.ts";
import { readState } from "./index-state.ts";
import { createTables } from "./schema.ts";
import { isStaged, readRanges, readStaged, stagedChunks } from "./staging.ts";
import { MAX_PLACED_CHUNKS, type SharedTopics, TopicIndex } from "./topic-index.ts";
import { VectorMemory } from "./vector-memory.ts";
import { STOP_PAIRS, WordIndex } from "./word-index.ts";
import { type ChunkLists, deleteDocument, type IndexMemory, insertRows, insertWords, readLists } from "./writes.ts";

/** Half of an isolate's 128 MB. Documents that no longer fit are placed in a further object long before. */
const MAX_VECTOR_BYTES = 64 * 1024 * 1024;

/** Long enough for the rest of an upload to come in, short enough to be done before somebody has read the first results. */
const LEARNING_DELAY_MS = 10_000;

export class KnowledgeIndex extends DurableObject {
  readonly #vectors: VectorMemory;
  #isAskedForTopics = false;
  readonly #words: WordIndex;
  readonly #stopPairs: WordIndex;
  readonly #topics: TopicIndex;
  readonly #reader: IndexReader;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    createTables(ctx.storage.sql);
    this.#vectors = new VectorMemory(ctx.storage.sql);
    this.#words = new WordIndex(ctx.storage.sql);
    this.#stopPairs = new WordIndex(ctx.storage.sql, STOP_PAIRS);
    this.#topics = new TopicIndex(ctx.storage);
    this.#reader = new IndexReader(ctx.storage.sql, this.#followers, this.#vectors);
  }

  /** One by one: what one of them is refused for touches no other. */
  upsertDocuments(documents: readonly StagingDocument[]): ShardOutcome[] {
    return documents.map((document) => this.upsertDocument(document));
  }

  upsertDocument(document: StagingDocument): ShardOutcome {
    const { sql } = this.ctx.storage;
    const state = readState(sql);
    const embedder = document.embedder ?? state.embedder ?? HASHED_EMBEDDER;
    const held = sql.exec("select chunks from document where document_id = ?", document.documentId).toArray();
    const others = state.chunks + stagedChunks(sql) - Number(held[0]?.chunks ?? 0);
    if (others > 0 && state.embedder !== null && !sameEmbedder(embedder, state.embedder)) {
      return { indexed: false, reason: "embedder-mismatch", detail: mismatch(embedder, state.embedder) };
    }
    if ((others + document.chunks.length) * embedder.dimensions > MAX_VECTOR_BYTES) {
      return { indexed: false, reason: "index-full", detail: `the index holds ${others} chunks and has no room` };
    }
    const entries = entriesOf(document, embedder);
    if (!isEntries(entries)) return entries;
    const [removed, inserted] = this.#atomically(() => {
      const before = deleteDocument(sql, this.#followers, document.documentId);
      const range = insertRows(sql, document, entries, embedder);
      if (document.isStaged) sql.exec("insert into staged values (?, null)", range.first);
      else insertWords(sql, this.#followers, range, listsOf(entries));
      return [before, range];
    });
    this.#vectors.remove(removed);
    if (!document.isStaged) this.#vectors.append(inserted, entries, embedder);
    const after = readState(sql);
    if (!document.isPart) this.#askForTopics();
    return { indexed: true, chunks: entries.length, revision: after.revision, first: inserted.first };
  }

  /** Whether there was such a document. */
  removeDocument(documentId: string): boolean {
    const removed = this.#atomically(() => deleteDocument(this.ctx.storage.sql, this.#followers, documentId));
    this.#vectors.remove(removed);
    return removed !== null;
  }

  /** Lets a staged document be found. Whether it is there, staged or not. */
  revealDocument(documentId: string): boolean {
    const { sql } = this.ctx.storage;
    const [range] = readRanges(sql, { documentId, after: 0, limit: 1 });
    if (range === undefined) return false;
    if (!isStaged(sql, range.first)) return true;
    this.#atomically(() => {
      sql.exec("delete from staged where first_chunk = ?", range.first);
      insertWords(sql, this.#followers, range, readLists(sql, range));
    });
    // What is in memory lacks its vectors.
    this.#vectors.forget();
    return true;
  }

  stagedDocuments(limit: number, documentId: string | null): StagedDocument[] {
    return readStaged(this.ctx.storage.sql, limit, documentId);
  }

  /** The change of the vector index that brought the last vectors of a staged document; whether it is still staged. */
  noteMutation(first: number, mutation: string): boolean {
    const { sql } = this.ctx.storage;
    return sql.exec("update staged set mutation = ? where first_chunk = ?", mutation, first).rowsWritten > 0;
  }

  /** The chunks of one document, or of the next ones after a chunk. */
  ranges(page: { documentId: string | null; after: number; limit: number }): ChunkRange[] {
    return readRanges(this.ctx.storage.sql, page);
  }

  shape(): IndexShape {
    return readShape(this.ctx.storage.sql);
  }

  place(requests: readonly PlacementRequest[]): PlacementOutcome[] {
    const { sql } = this.ctx.storage;
    const placements = this.ctx.storage.transactionSync(() => place(sql, requests));
    if (readShape(sql).shards > 1) this.#askForTopics();
    return placements;
  }

  locate(documentId: string): IndexShape & { shard: number | null } {
    const { sql } = this.ctx.storage;
    return { ...readShape(sql), shard: locate(sql, documentId) };
  }

  forgetPlacement(documentId: string): void {
    this.ctx.storage.transactionSync(() => forget(this.ctx.storage.sql, documentId));
  }

  search(query: ShardQuery): ShardSearchOutcome {
    return this.#reader.search(query);
  }

  totals(text: string): ShardTotals {
    return this.#reader.totals(text);
  }

  candidates(query: ShardQuery, totals: IndexTotals): ShardCandidates {
    return this.#reader.candidates(query, totals);
  }

  tokens(chunks: readonly number[]): Uint32Array[] {
    return this.#reader.tokens(chunks);
  }

  frequencies(terms: readonly number[]): [term: number, chunks: number][] {
    return this.#reader.frequencies(terms);
  }

  wordScores(chunks: readonly number[], terms: readonly WeightedTerm[], averageLength: number): number[] {
    return this.#reader.wordScores(chunks, terms, averageLength);
  }

  passages(chunks: readonly number[]): (Passage | null)[] {
    return this.#reader.passages(chunks);
  }

  override async alarm(): Promise<void> {
    await this.learnTopics();
  }

  /**
   * Learns the collection's topics if that is due, between other events; searches use those of before until it is done. The first
   * of several objects learns for all.
   */
  async learnTopics(): Promise<void> {
    this.#isAskedForTopics = false;
    const { sql } = this.ctx.storage;
    if (!this.#hasTopicsDue()) return;
    const { shards } = readShape(sql);
    const chunks = indexedChunks(sql);
    const others = this.#others(shards);
    if (this.#topics.isDue(chunks)) {
      this.#reader.rest();
      const samples = await Promise.all(others.map((other) => other.topicSample(chunks)));
      await this.#topics.learn([this.#topics.sample(chunks), ...samples].flat(), chunks, passing);
    }
    if (others.length > 0) await this.#spreadTopics(others);
    if (this.#topics.isDue(indexedChunks(sql))) this.#askForTopics();
  }

  /** Lets the other objects adopt what is in force here. An empty one adopts nothing, and is asked again when documents come. */
  async #spreadTopics(others: readonly DurableObjectStub<KnowledgeIndex>[]): Promise<void> {
    const generation = this.#topics.generation();
    let lacking = 0;
    for (const other of others) {
      if ((await other.topicGeneration()) === generation) continue;
      const shared = this.#topics.shared();
      if (shared === null) return;
      if (!(await other.adoptTopics(shared))) lacking += 1;
    }
    if (lacking === 0) this.#topics.noteSpread(others.length + 1);
  }

  topicSample(chunks: number): Uint32Array[] {
    return this.#topics.sample(chunks);
  }

  topicGeneration(): number | null {
    return this.#topics.generation();
  }

  /** Whether there was anything to give a place to. */
  async adoptTopics(shared: SharedTopics): Promise<boolean> {
    if (readState(this.ctx.storage.sql).chunks === 0) return false;
    await this.#topics.adopt(shared, passing);
    return true;
  }

  stats(): IndexStats {
    const { sql } = this.ctx.storage;
    const { revision, chunks, embedder } = readState(sql);
    const count = (table: "document" | "staged") => Number(sql.exec(`select count(*) n from ${table}`).one().n);
    return {
      documents: count("document") - count("staged"),
      chunks,
      terms: this.#words.terms(),
      embedder,
      revision,
      storageBytes: sql.databaseSize,
      vectorBytes: this.#vectors.bytes,
    };
  }

  /** Forgets everything, the embedder included. The revision goes on, so that no cached search can come back to life. */
  async clear(): Promise<void> {
    const { revision, nextChunk } = readState(this.ctx.storage.sql);
    const { shards } = readShape(this.ctx.storage.sql);
    await this.ctx.blockConcurrencyWhile(async () => {
      this.#vectors.forget();
      this.#words.forget();
      this.#stopPairs.forget();
      this.#topics.forget();
      this.#reader.forget();
      await this.ctx.storage.deleteAll();
      createTables(this.ctx.storage.sql);
      this.ctx.storage.sql.exec("update state set revision = ?, next_chunk = ?", revision + 1, nextChunk);
      this.ctx.storage.sql.exec("update directory set shards = ?", shards);
    });
  }

  get #followers(): IndexMemory {
    return { words: this.#words, stopPairs: this.#stopPairs, topics: this.#topics };
  }

  /** A model that was chosen for its vectors knows more of company than the collection tells. */
  #hasTopicsDue(): boolean {
    const { sql } = this.ctx.storage;
    const { embedder, chunks } = readState(sql);
    const { shards } = readShape(sql);
    if (embedder === null || !sameEmbedder(embedder, HASHED_EMBEDDER)) return false;
    if (shards > 1) return this.#topics.isDue(indexedChunks(sql)) || this.#topics.isLackingIn(shards);
    return chunks <= MAX_PLACED_CHUNKS && this.#topics.isDue(chunks);
  }

  #askForTopics(): void {
    if (this.#isAskedForTopics || !this.#hasTopicsDue()) return;
    this.#isAskedForTopics = true;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Date.now() + LEARNING_DELAY_MS));
  }

  /** The further objects of the index whose first one this is. */
  #others(shards: number): DurableObjectStub<KnowledgeIndex>[] {
    const { name } = this.ctx.id;
    if (name === undefined) return [];
    return Array.from({ length: shards - 1 }, (_, at) =>
      this.ctx.exports.KnowledgeIndex.getByName(shardName(name, at + 1)),
    );
  }

  #atomically<T>(write: () => T): T {
    try {
      return this.ctx.storage.transactionSync(write);
    } catch (error) {
      this.#words.forget();
      this.#stopPairs.forget();
      this.#topics.forget();
      throw error;
    }
  }
}

/** Lets other events of the object pass. */
function passing(): Promise<void> {
  return scheduler.wait(0);
}

function listsOf(entries: readonly Entry[]): ChunkLists {
  const stopPairs = entries.map((entry) => entry.stopPairs.ids);
  return {
    tokens: entries.map(({ tokens }) => tokens.ids),
    stopPairs: stopPairs.some((ids) => ids.length > 0) ? stopPairs : [],
  };
}

function isEntries(value: readonly Entry[] | ShardOutcome): value is readonly Entry[] {
  return Array.isArray(value);
}
