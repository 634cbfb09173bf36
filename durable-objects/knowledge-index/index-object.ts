// One object of an index, named by the tenant, the knowledge base and the generation. It keeps the promises X1 to X3 of
// domain/knowledge/index-contract.ts. SQLite holds everything; memory holds the vectors, the newest words and what was searched last, read when needed.
import { DurableObject } from "cloudflare:workers";
import { type EmbedderIdentity, sameEmbedder } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER, hashedEmbedding } from "../../domain/knowledge/embedding/hashed.ts";
import { type QuantisedVector, quantised } from "../../domain/knowledge/embedding/quantised.ts";
import { parseFilter } from "../../domain/knowledge/filter.ts";
import type { IndexStats } from "../../domain/knowledge/index-contract.ts";
import type {
  ChunkRange,
  IndexShape,
  OtherShape,
  Passage,
  PlacementOutcome,
  PlacementRequest,
  ShardCandidates,
  ShardOutcome,
  ShardQuery,
  ShardSearchOutcome,
  StagedDocument,
  StagingDocument,
} from "../../domain/knowledge/index-shape.ts";
import {
  averageLength,
  type IndexTotals,
  LANGUAGES,
  type ShardTotals,
  searchedLanguages,
} from "../../domain/knowledge/index-totals.ts";
import { choiceOf } from "../../domain/knowledge/ranking/chosen.ts";
import { analysedQuery } from "../../domain/knowledge/ranking/query.ts";
import { rankOptions } from "../../domain/knowledge/ranking/rank.ts";
import type { WeightedTerm } from "../../domain/knowledge/ranking/weights.ts";
import type { SearchTimings } from "../../domain/knowledge/search.ts";
import { AllowedChunks } from "./allowed-chunks.ts";
import { forget, locate, place, readShape } from "./directory.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { type IndexState, readLanguages, readState } from "./index-state.ts";
import { readChunks, readPlaces } from "./reads.ts";
import { createTables } from "./schema.ts";
import { findCandidates, type SearchPlan, type SearchSource, search, wordScores, wordsOf } from "./search.ts";
import { SearchCache } from "./search-cache.ts";
import { isStaged, readRanges, readStaged, stagedChunks } from "./staging.ts";
import { storedScan } from "./stored-vectors.ts";
import { TokenCache } from "./token-cache.ts";
import { TopicIndex } from "./topic-index.ts";
import type { CosineScan } from "./vector-matrix.ts";
import { VectorMemory } from "./vector-memory.ts";
import { readTokenIds, WordIndex } from "./word-index.ts";
import { deleteDocument, type IndexMemory, insertRows, insertWords } from "./writes.ts";

/** Half of an isolate's 128 MB. Documents that no longer fit are placed in a further object long before. */
const MAX_VECTOR_BYTES = 64 * 1024 * 1024;

/** Long enough for the rest of an upload to come in, short enough to be done before somebody has read the first results. */
const LEARNING_DELAY_MS = 10_000;

const NO_TIME: SearchTimings = { analyseMs: 0, keywordMs: 0, vectorMs: 0, rankMs: 0, loadMs: 0, totalMs: 0 };

/** Totals that a search is planned by: frequencies are looked up when its terms are known. */
type PlanTotals = Omit<IndexTotals, "frequencies"> & Pick<SearchPlan, "frequencies">;

export class KnowledgeIndex extends DurableObject {
  readonly #vectors: VectorMemory;
  #isAskedForTopics = false;
  readonly #words: WordIndex;
  readonly #topics: TopicIndex;
  readonly #allowed: AllowedChunks;
  readonly #tokens = new TokenCache();
  readonly #cache = new SearchCache();

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    createTables(ctx.storage.sql);
    this.#vectors = new VectorMemory(ctx.storage.sql);
    this.#words = new WordIndex(ctx.storage.sql);
    this.#topics = new TopicIndex(ctx.storage);
    this.#allowed = new AllowedChunks(ctx.storage.sql);
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
      else insertWords(sql, this.#followers, range, tokenIdsOf(entries));
      return [before, range];
    });
    this.#vectors.remove(removed);
    if (!document.isStaged) this.#vectors.append(inserted, entries, embedder);
    const after = readState(sql);
    if (!document.isPart) this.#askForTopics(after);
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
      insertWords(sql, this.#followers, range, readTokenIds(sql, range));
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

  place(request: PlacementRequest, capacity: number): PlacementOutcome {
    return this.ctx.storage.transactionSync(() => place(this.ctx.storage.sql, request, capacity));
  }

  locate(documentId: string): IndexShape & { shard: number | null } {
    const { sql } = this.ctx.storage;
    return { ...readShape(sql), shard: locate(sql, documentId) };
  }

  forgetPlacement(documentId: string): void {
    this.ctx.storage.transactionSync(() => forget(this.ctx.storage.sql, documentId));
  }

  search(query: ShardQuery): ShardSearchOutcome {
    const { sql } = this.ctx.storage;
    const shape = readShape(sql);
    if (query.assumed !== undefined && !sameShape(query.assumed, shape)) return otherShape(shape);
    const state = readState(sql);
    const known = this.#cache.find(query, state.revision);
    if (known !== null) return { ...known, isCached: true, timings: NO_TIME };
    const prepared = this.#prepared(query, {
      chunks: state.chunks,
      averageLength: averageLength(state.tokens, state.chunks),
      languages: searchedLanguages(readLanguages(sql)),
      embedder: state.embedder,
      frequencies: (terms) => this.#words.frequencies(terms),
    });
    if (!prepared.found) return prepared;
    const plan = { ...prepared.plan, ...choiceOf(query) };
    const found = search(prepared.source, plan, () => performance.now());
    const answer = { found: true, ...found, revision: state.revision, isCached: false } as const;
    this.#cache.keep(query, answer);
    return answer;
  }

  override async alarm(): Promise<void> {
    await this.learnTopics();
  }

  /** Learns the collection's topics if that is due, between other events; searches use those of before until it is done. */
  async learnTopics(): Promise<void> {
    this.#isAskedForTopics = false;
    const state = readState(this.ctx.storage.sql);
    if (!this.#hasTopicsDue(state)) return;
    this.#tokens.clear();
    await this.#topics.learn(state.chunks, () => scheduler.wait(0));
    this.#askForTopics(readState(this.ctx.storage.sql));
  }

  /** Of an index over several objects, what this one has part in. */
  totals(text: string): ShardTotals {
    const { revision, chunks, tokens, embedder } = readState(this.ctx.storage.sql);
    const terms = analysedQuery(text, LANGUAGES).terms.flatMap(({ ids }) => ids);
    const languages = readLanguages(this.ctx.storage.sql);
    return { revision, chunks, tokens, languages, embedder, frequencies: [...this.#words.frequencies(terms)] };
  }

  /** Its candidates, scored by the totals of the whole. */
  candidates(query: ShardQuery, { frequencies, ...totals }: IndexTotals): ShardCandidates {
    const shape = readShape(this.ctx.storage.sql);
    if (query.assumed !== undefined && !sameShape(query.assumed, shape)) return otherShape(shape);
    const known = new Map(frequencies);
    const prepared = this.#prepared(query, { ...totals, frequencies: () => known });
    if (!prepared.found) return prepared;
    const laps = [performance.now()];
    const source = { ...prepared.source, topics: null };
    const { candidates } = findCandidates(source, prepared.plan, () => void laps.push(performance.now()));
    const places = readPlaces(
      this.ctx.storage.sql,
      candidates.map(({ key }) => key),
    );
    laps.push(performance.now());
    const placed = candidates.flatMap((candidate) => {
      const place = places.get(candidate.key);
      return place === undefined ? [] : [{ ...candidate, ...place }];
    });
    return { found: true, candidates: placed, laps };
  }

  /** The analysed words of chunks, and of an empty one where it has gone meanwhile. */
  tokens(chunks: readonly number[]): Uint32Array[] {
    const held = this.#tokens.read(this.ctx.storage.sql, chunks);
    return chunks.map((chunk) => held.get(chunk)?.ids ?? new Uint32Array());
  }

  /** In how many of its chunks each term is. */
  frequencies(terms: readonly number[]): [term: number, chunks: number][] {
    return [...this.#words.frequencies(terms)];
  }

  /** What the terms make of its chunks, by the average length of the whole. */
  wordScores(chunks: readonly number[], terms: readonly WeightedTerm[], average: number): number[] {
    const held = this.#tokens.read(this.ctx.storage.sql, chunks);
    return wordScores(
      chunks.map((chunk) => held.get(chunk)),
      terms,
      average,
    );
  }

  /** In the order of `chunks`; `null` for one that has gone meanwhile. */
  passages(chunks: readonly number[]): (Passage | null)[] {
    const { sql } = this.ctx.storage;
    const [stored, tokens] = [readChunks(sql, chunks), this.#tokens.read(sql, chunks)];
    return chunks.map((key) => {
      const chunk = stored.get(key);
      return chunk === undefined ? null : { chunk, words: [...wordsOf(tokens.get(key))] };
    });
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
      this.#topics.forget();
      this.#tokens.clear();
      this.#cache.clear();
      await this.ctx.storage.deleteAll();
      createTables(this.ctx.storage.sql);
      this.ctx.storage.sql.exec("update state set revision = ?, next_chunk = ?", revision + 1, nextChunk);
      this.ctx.storage.sql.exec("update directory set shards = ?", shards);
    });
  }

  get #followers(): IndexMemory {
    return { words: this.#words, topics: this.#topics };
  }

  /** A model that was chosen for its vectors knows more of company than the collection tells. */
  #hasTopicsDue({ embedder, chunks }: IndexState): boolean {
    return embedder !== null && sameEmbedder(embedder, HASHED_EMBEDDER) && this.#topics.isDue(chunks);
  }

  #askForTopics(state: IndexState): void {
    if (this.#isAskedForTopics || !this.#hasTopicsDue(state)) return;
    this.#isAskedForTopics = true;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Date.now() + LEARNING_DELAY_MS));
  }

  #prepared(
    query: ShardQuery,
    { embedder: held, ...totals }: PlanTotals,
  ): { found: true; source: SearchSource; plan: SearchPlan } | Exclude<ShardSearchOutcome, { found: true }> {
    const { sql } = this.ctx.storage;
    const embedder = held ?? HASHED_EMBEDDER;
    if (query.embedder !== undefined && held !== null && !sameEmbedder(query.embedder, held)) {
      return { found: false, reason: "embedder-mismatch", detail: mismatch(query.embedder, held) };
    }
    const filter = query.filter === undefined ? null : parseFilter(query.filter);
    if (filter?.valid === false) return { found: false, reason: "invalid-filter", detail: filter.message };
    const isLexical = sameEmbedder(embedder, HASHED_EMBEDDER);
    const vector = query.mode === "keyword" && !isLexical ? null : queryVector(query, embedder, isLexical);
    const allowed = this.#allowed.of(filter?.condition ?? null, query.without ?? [], readState(sql).revision);
    const vectors = vector === null ? null : () => this.#scan(vector, query.neighbours, allowed?.ranges ?? null);
    const plan = {
      ...totals,
      ...rankOptions(query, embedder),
      query: query.query,
      isAllowed: allowed?.test ?? null,
    };
    return { found: true, source: { ...this.#followers, sql, tokenCache: this.#tokens, vectors }, plan };
  }

  #atomically<T>(write: () => T): T {
    try {
      return this.ctx.storage.transactionSync(write);
    } catch (error) {
      this.#words.forget();
      this.#topics.forget();
      throw error;
    }
  }

  #scan(
    vector: QuantisedVector,
    neighbours: readonly number[] | undefined,
    allowed: readonly ChunkRange[] | null,
  ): CosineScan {
    if (neighbours === undefined) return this.#vectors.scan(vector);
    return storedScan(this.ctx.storage.sql, vector, neighbours, allowed);
  }
}

function tokenIdsOf(entries: readonly Entry[]): Uint32Array[] {
  return entries.map(({ tokens }) => tokens.ids);
}

function otherShape(shape: IndexShape): OtherShape {
  return { found: false, reason: "other-shape", detail: `it lies over ${shape.shards} objects`, shape };
}

function sameShape(a: IndexShape, b: IndexShape): boolean {
  return a.shards === b.shards && a.vectors === b.vectors;
}

function isEntries(value: readonly Entry[] | ShardOutcome): value is readonly Entry[] {
  return Array.isArray(value);
}

function queryVector(query: ShardQuery, embedder: EmbedderIdentity, isLexical: boolean): QuantisedVector | null {
  const { queryEmbedding } = query;
  if (queryEmbedding !== undefined && queryEmbedding.length === embedder.dimensions) return quantised(queryEmbedding);
  return isLexical ? quantised(hashedEmbedding(query.query)) : null;
}

function mismatch(given: EmbedderIdentity, held: EmbedderIdentity): string {
  return `vectors of ${given.model} ${given.version} (${given.dimensions}) in an index of ${held.model} ${held.version} (${held.dimensions})`;
}
