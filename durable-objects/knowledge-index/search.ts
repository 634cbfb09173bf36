// The search pipeline: analyse, find candidates by keyword and by vector, score all of them alike, order, load.
import type { Language } from "../../domain/knowledge/analysis/language.ts";
import type { WordWeight } from "../../domain/knowledge/embedding/hashed.ts";
import { bm25 } from "../../domain/knowledge/ranking/bm25.ts";
import {
  aboveThreshold,
  asResult,
  type Choice,
  distinct,
  inOrder,
  lookedAt,
  type StoredChunk,
  saidBy,
} from "../../domain/knowledge/ranking/chosen.ts";
import { featureReader } from "../../domain/knowledge/ranking/features.ts";
import {
  FEEDBACK_CHUNKS,
  FEEDBACK_REACH,
  feedbackTerms,
  wantsFeedback,
} from "../../domain/knowledge/ranking/feedback.ts";
import { type FoundCandidate, KEYWORD_CANDIDATES, VECTOR_CANDIDATES } from "../../domain/knowledge/ranking/gathered.ts";
import { hitFinder, type TokenList } from "../../domain/knowledge/ranking/hits.ts";
import { type AnalysedQuery, analysedQuery, type TermKind } from "../../domain/knowledge/ranking/query.ts";
import { type Ranked, type RankOptions, ranked } from "../../domain/knowledge/ranking/rank.ts";
import {
  selectiveTerms,
  type WeightedTerm,
  weightedTerms,
  wordWeights,
} from "../../domain/knowledge/ranking/weights.ts";
import type { SearchResult, SearchTimings } from "../../domain/knowledge/search.ts";
import type { ChunkTest } from "./allowed-chunks.ts";
import { readChunks, readTokens } from "./reads.ts";
import type { TokenCache } from "./token-cache.ts";
import type { TopicIndex } from "./topic-index.ts";
import type { CosineScan } from "./vector-matrix.ts";
import type { WordIndex } from "./word-index.ts";

export interface SearchPlan extends RankOptions {
  readonly query: string;
  readonly languages: readonly Language[];
  readonly chunks: number;
  readonly averageLength: number;
  readonly frequencies: (terms: readonly number[], kind: TermKind) => ReadonlyMap<number, number>;
  readonly isAllowed: ChunkTest | null;
}

/** What a search reads. */
export interface SearchSource {
  readonly sql: SqlStorage;
  readonly words: WordIndex;
  readonly stopPairs: WordIndex;
  /** `null` where they are not those of the other objects: what two learnings say does not compare. */
  readonly topics: TopicIndex | null;
  readonly tokenCache: TokenCache;
  /** Given what the query's words weigh, which a vector of spellings is made by. */
  readonly vectors: ((weightOf: WordWeight) => CosineScan) | null;
}

export type Lap = () => void;

export function search(
  source: SearchSource,
  plan: SearchPlan & Choice,
  clock: () => number,
): { results: SearchResult[]; timings: SearchTimings } {
  const laps = [clock()];
  const lap = () => void laps.push(clock());
  const found = findCandidates(source, plan, lap);
  const { tokens } = found;
  const candidates = wantsFeedback(plan, found.kind) ? withFeedback(found, plan) : found.candidates;
  const above = aboveThreshold(ranked(candidates, plan), plan.minScore);
  lap();
  const chunkOf = chunkReader(source.sql, above, lookedAt(plan));
  const differing = distinct(above, lookedAt(plan), ({ key }) => saidBy(chunkOf(key)));
  const words = new Map((plan.diversity > 0 ? differing : []).map(({ key }) => [key, wordsOf(tokens.get(key))]));
  const chosen = inOrder(differing, ({ key }) => words.get(key) ?? NO_WORDS, plan);
  const byKey = new Map(candidates.map((candidate) => [candidate.key, candidate]));
  const results = chosen.flatMap((item) => {
    const [chunk, candidate] = [chunkOf(item.key), byKey.get(item.key)];
    return chunk === undefined || candidate === undefined ? [] : [asResult(chunk, item, candidate, plan)];
  });
  lap();
  return { results, timings: timingsOf(laps) };
}

/** Reads chunks in the order in which they are looked at: those that are wanted at once, then more where some repeat others. */
function chunkReader(
  sql: SqlStorage,
  order: readonly Ranked[],
  wanted: number,
): (key: number) => StoredChunk | undefined {
  const stored = new Map<number, StoredChunk>();
  let reached = 0;
  return (key) => {
    while (!stored.has(key) && reached < order.length) {
      const next = order.slice(reached, reached + wanted).map((item) => item.key);
      reached += next.length;
      for (const [id, chunk] of readChunks(sql, next)) stored.set(id, chunk);
    }
    return stored.get(key);
  };
}

export interface Found {
  readonly candidates: FoundCandidate[];
  readonly tokens: ReadonlyMap<number, TokenList>;
  /** What the query asks for, weighed, and what it asks by. */
  readonly terms: readonly WeightedTerm[];
  readonly kind: TermKind;
}

/** Laps after the analysis, the words and the vectors. */
export function findCandidates(source: SearchSource, plan: SearchPlan, lap: Lap): Found {
  const { sql, topics, tokenCache } = source;
  const query = analysedQuery(plan.query, plan.languages);
  const { kind } = query;
  const words = kind === "words" ? source.words : source.stopPairs;
  const frequencies = plan.frequencies(
    query.terms.flatMap(({ ids }) => ids),
    kind,
  );
  const terms = weightedTerms(query, frequencies, plan.chunks);
  lap();
  const selective = plan.mode === "vector" ? [] : selectiveTerms(terms, plan.chunks);
  const byWords = words.best(selective, KEYWORD_CANDIDATES, plan.averageLength, plan.isAllowed);
  lap();
  const scan = source.vectors?.(wordWeights(terms, plan.languages)) ?? null;
  const nearest = plan.mode === "keyword" ? [] : (scan?.nearest(VECTOR_CANDIDATES, plan.isAllowed) ?? []);
  const company = plan.mode === "hybrid" && plan.vectors === "lexical" ? topics?.scan(queryIds(query)) : null;
  const byCompany = company?.nearest(VECTOR_CANDIDATES, plan.isAllowed) ?? [];
  lap();

  const scoreOf = new Map(byWords.map(({ chunk, score }) => [chunk, score]));
  const neighbours = new Set(nearest.map(({ chunk }) => chunk));
  const akin = new Set(byCompany.map(({ chunk }) => chunk));
  const keys = [...new Set([...scoreOf.keys(), ...neighbours, ...akin])];
  const tokens = tokenCache.read(sql, keys);
  const asked = kind === "words" ? tokens : readTokens(sql, keys, "chunk_stop_pairs");
  const findHits = hitFinder(terms);
  const readFeatures = featureReader(query, terms);
  const cosines = scan?.cosinesOf(keys);
  const topicCosines = company?.cosinesOf(keys);
  const candidates = keys.map((key, index): FoundCandidate => {
    const hits = findHits(asked.get(key) ?? NO_TOKENS);
    return {
      key,
      keyword: bm25(hits, terms, plan.averageLength),
      vector: cosines?.[index] ?? null,
      topic: topicCosines?.[index] ?? null,
      features: readFeatures(hits),
      byWords: scoreOf.get(key) ?? null,
      isNeighbour: neighbours.has(key),
      isAkin: akin.has(key),
    };
  });
  return { candidates, tokens, terms, kind };
}

function withFeedback({ candidates, tokens, terms }: Found, plan: SearchPlan): FoundCandidate[] {
  const reached = ranked(candidates, plan)
    .slice(0, FEEDBACK_REACH)
    .map(({ key }) => key);
  const best = reached.slice(0, FEEDBACK_CHUNKS).map((key) => (tokens.get(key) ?? NO_TOKENS).ids);
  const scores = wordScores(
    reached.map((key) => tokens.get(key)),
    feedbackTerms(best, terms, (words) => plan.frequencies(words, "words"), plan),
    plan.averageLength,
  );
  const scoreOf = new Map(reached.map((key, at) => [key, scores[at] ?? 0]));
  return candidates.map((candidate) => ({ ...candidate, feedback: scoreOf.get(candidate.key) ?? 0 }));
}

/** By BM25; what is not there scores nothing. */
export function wordScores(
  chunks: readonly (TokenList | undefined)[],
  terms: readonly WeightedTerm[],
  averageLength: number,
): number[] {
  const findHits = hitFinder(terms);
  return chunks.map((tokens = NO_TOKENS) => bm25(findHits(tokens), terms, averageLength));
}

function queryIds({ terms, sequence }: AnalysedQuery): number[] {
  return sequence.flatMap((at) => terms[at]?.ids ?? []);
}

const NO_WORDS: ReadonlySet<number> = new Set();
const NO_TOKENS: TokenList = { ids: new Uint32Array(), prefixLength: 0 };

/** Those of the text; title and headings are many chunks'. */
export function wordsOf({ ids, prefixLength }: TokenList = NO_TOKENS): ReadonlySet<number> {
  return new Set(ids.subarray(prefixLength));
}

function timingsOf(laps: readonly number[]): SearchTimings {
  const [start = 0, analysed = 0, keyword = 0, vector = 0, rank = 0, end = 0] = laps;
  return {
    analyseMs: analysed - start,
    keywordMs: keyword - analysed,
    vectorMs: vector - keyword,
    rankMs: rank - vector,
    loadMs: end - rank,
    totalMs: end - start,
  };
}
