// What an index object answers: whole searches where it is the index, and its part of them where it is one object of several.
import { type EmbedderIdentity, sameEmbedder } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER, hashedQuery, type WordWeight } from "../../domain/knowledge/embedding/hashed.ts";
import { type QuantisedVector, quantised } from "../../domain/knowledge/embedding/quantised.ts";
import { parseFilter } from "../../domain/knowledge/filter.ts";
import {
  type ChunkRange,
  otherShape,
  type Passage,
  type ShardCandidates,
  type ShardQuery,
  type ShardSearchOutcome,
  sameShape,
} from "../../domain/knowledge/index-shape.ts";
import {
  averageLength,
  type IndexTotals,
  LANGUAGES,
  type ShardTotals,
  searchedLanguages,
} from "../../domain/knowledge/index-totals.ts";
import { choiceOf } from "../../domain/knowledge/ranking/chosen.ts";
import { analysedQuery, type TermKind } from "../../domain/knowledge/ranking/query.ts";
import { rankOptions } from "../../domain/knowledge/ranking/rank.ts";
import type { WeightedTerm } from "../../domain/knowledge/ranking/weights.ts";
import { NO_TIME } from "../../domain/knowledge/search.ts";
import { SearchCache } from "../../domain/knowledge/search-cache.ts";
import { AllowedChunks } from "./allowed-chunks.ts";
import { readShape } from "./directory.ts";
import { readLanguages, readState } from "./index-state.ts";
import { readChunks, readPlaces } from "./reads.ts";
import { findCandidates, type SearchPlan, type SearchSource, search, wordScores, wordsOf } from "./search.ts";
import { storedScan } from "./stored-vectors.ts";
import { TokenCache } from "./token-cache.ts";
import type { CosineScan } from "./vector-matrix.ts";
import type { VectorMemory } from "./vector-memory.ts";
import type { WordIndex } from "./word-index.ts";
import type { IndexMemory } from "./writes.ts";

/** About 6 MB, beside up to 64 MB of vectors in an isolate of 128 MB. */
const MAX_CACHED_RESULTS = 2_000;

/** Totals that a search is planned by: frequencies are looked up when its terms are known. */
type PlanTotals = Omit<IndexTotals, "frequencies" | "topics"> & Pick<SearchPlan, "frequencies">;

export class IndexReader {
  readonly #sql: SqlStorage;
  readonly #memory: IndexMemory;
  readonly #vectors: VectorMemory;
  readonly #allowed: AllowedChunks;
  readonly #tokens = new TokenCache();
  readonly #cache = new SearchCache(MAX_CACHED_RESULTS);

  constructor(sql: SqlStorage, memory: IndexMemory, vectors: VectorMemory) {
    this.#sql = sql;
    this.#memory = memory;
    this.#vectors = vectors;
    this.#allowed = new AllowedChunks(sql);
  }

  search(query: ShardQuery): ShardSearchOutcome {
    const sql = this.#sql;
    const shape = readShape(sql);
    if (query.assumed !== undefined && !sameShape(query.assumed, shape)) return otherShape(shape);
    const state = readState(sql);
    const revision = String(state.revision);
    const known = this.#cache.find(query, revision);
    if (known !== null) return { ...known, isCached: true, timings: NO_TIME };
    const prepared = this.#prepared(query, {
      chunks: state.chunks,
      averageLength: averageLength(state.tokens, state.chunks),
      languages: searchedLanguages(readLanguages(sql)),
      embedder: state.embedder,
      frequencies: (terms, kind) => this.#wordsOf(kind).frequencies(terms),
    });
    if (!prepared.found) return prepared;
    const plan = { ...prepared.plan, ...choiceOf(query) };
    const found = search(prepared.source, plan, () => performance.now());
    const answer = { found: true, ...found, revision: state.revision, isCached: false } as const;
    this.#cache.keep(query, revision, answer);
    return answer;
  }

  /** Of an index over several objects, what this one has part in. */
  totals(text: string): ShardTotals {
    const { revision, chunks, tokens, embedder } = readState(this.#sql);
    // What is a term depends on the languages of the whole, which no object knows by itself.
    const possible = [...LANGUAGES.map((language) => [language]), LANGUAGES];
    const known = possible.flatMap((spoken) => {
      const { kind, terms } = analysedQuery(text, spoken);
      return [...this.#wordsOf(kind).frequencies(terms.flatMap(({ ids }) => ids))];
    });
    const frequencies = [...new Map(known)];
    const languages = readLanguages(this.#sql);
    const shape = readShape(this.#sql);
    const topics = this.#memory.topics.generation();
    return { shape, revision, chunks, tokens, languages, embedder, topics, frequencies };
  }

  /** Its candidates, scored by the totals of the whole. */
  candidates(query: ShardQuery, { frequencies, ...totals }: IndexTotals): ShardCandidates {
    const shape = readShape(this.#sql);
    if (query.assumed !== undefined && !sameShape(query.assumed, shape)) return otherShape(shape);
    const known = new Map(frequencies);
    const prepared = this.#prepared(query, { ...totals, frequencies: () => known });
    if (!prepared.found) return prepared;
    const laps = [performance.now()];
    const topics = this.#memory.topics.generation() === totals.topics ? this.#memory.topics : null;
    const source = { ...prepared.source, topics };
    const { candidates } = findCandidates(source, prepared.plan, () => void laps.push(performance.now()));
    const places = readPlaces(
      this.#sql,
      candidates.map(({ key }) => key),
    );
    laps.push(performance.now());
    const placed = candidates.flatMap((candidate) => {
      const place = places.get(candidate.key);
      return place === undefined ? [] : [{ ...candidate, ...place }];
    });
    return { found: true, candidates: placed, topics: topics?.generation() ?? null, laps };
  }

  /** The analysed words of chunks, and of an empty one where it has gone meanwhile. */
  tokens(chunks: readonly number[]): Uint32Array[] {
    const held = this.#tokens.read(this.#sql, chunks);
    return chunks.map((chunk) => held.get(chunk)?.ids ?? new Uint32Array());
  }

  /** In how many of its chunks each term is. */
  frequencies(terms: readonly number[]): [term: number, chunks: number][] {
    return [...this.#memory.words.frequencies(terms)];
  }

  /** What the terms make of its chunks, by the average length of the whole. */
  wordScores(chunks: readonly number[], terms: readonly WeightedTerm[], average: number): number[] {
    const held = this.#tokens.read(this.#sql, chunks);
    return wordScores(
      chunks.map((chunk) => held.get(chunk)),
      terms,
      average,
    );
  }

  /** In the order of `chunks`; `null` for one that has gone meanwhile. */
  passages(chunks: readonly number[]): (Passage | null)[] {
    const sql = this.#sql;
    const [stored, tokens] = [readChunks(sql, chunks), this.#tokens.read(sql, chunks)];
    return chunks.map((key) => {
      const chunk = stored.get(key);
      return chunk === undefined ? null : { chunk, words: [...wordsOf(tokens.get(key))] };
    });
  }

  /** Makes room: what it holds can be read again. */
  rest(): void {
    this.#tokens.clear();
  }

  forget(): void {
    this.#tokens.clear();
    this.#cache.clear();
  }

  #prepared(
    query: ShardQuery,
    { embedder: held, ...totals }: PlanTotals,
  ): { found: true; source: SearchSource; plan: SearchPlan } | Exclude<ShardSearchOutcome, { found: true }> {
    const sql = this.#sql;
    const embedder = held ?? HASHED_EMBEDDER;
    if (query.embedder !== undefined && held !== null && !sameEmbedder(query.embedder, held)) {
      return { found: false, reason: "embedder-mismatch", detail: mismatch(query.embedder, held) };
    }
    const filter = query.filter === undefined ? null : parseFilter(query.filter);
    if (filter?.valid === false) return { found: false, reason: "invalid-filter", detail: filter.message };
    const vectorOf = queryVector(query, embedder);
    const allowed = this.#allowed.of(filter?.condition ?? null, query.without ?? [], readState(sql).revision);
    const vectors =
      vectorOf === null
        ? null
        : (weightOf: WordWeight) => this.#scan(vectorOf(weightOf), query.neighbours, allowed?.ranges ?? null);
    const plan = {
      ...totals,
      ...rankOptions(query, embedder),
      query: query.query,
      isAllowed: allowed?.test ?? null,
    };
    return { found: true, source: { ...this.#memory, sql, tokenCache: this.#tokens, vectors }, plan };
  }

  #wordsOf(kind: TermKind): WordIndex {
    return kind === "words" ? this.#memory.words : this.#memory.stopPairs;
  }

  #scan(
    vector: QuantisedVector,
    neighbours: readonly number[] | undefined,
    allowed: readonly ChunkRange[] | null,
  ): CosineScan {
    if (neighbours === undefined) return this.#vectors.scan(vector);
    return storedScan(this.#sql, vector, neighbours, allowed);
  }
}

/** `null` where the query has no vector. */
function queryVector(
  { query, queryEmbedding, mode }: ShardQuery,
  embedder: EmbedderIdentity,
): ((weightOf: WordWeight) => QuantisedVector) | null {
  if (sameEmbedder(embedder, HASHED_EMBEDDER)) return (weightOf) => quantised(hashedQuery(query, weightOf));
  if (mode === "keyword" || queryEmbedding?.length !== embedder.dimensions) return null;
  const vector = quantised(queryEmbedding);
  return () => vector;
}

export function mismatch(given: EmbedderIdentity, held: EmbedderIdentity): string {
  return `vectors of ${given.model} ${given.version} (${given.dimensions}) in an index of ${held.model} ${held.version} (${held.dimensions})`;
}
