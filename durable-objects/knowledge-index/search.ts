// The search pipeline: analyse, find candidates by keyword and by vector, score all of them alike, order, load.
import type { Language } from "../../domain/knowledge/analysis/language.ts";
import { bm25 } from "../../domain/knowledge/ranking/bm25.ts";
import { diversified, overlapOf } from "../../domain/knowledge/ranking/diversity.ts";
import { featureReader } from "../../domain/knowledge/ranking/features.ts";
import { minMax } from "../../domain/knowledge/ranking/fusion.ts";
import { hitFinder, type TokenList } from "../../domain/knowledge/ranking/hits.ts";
import { type AnalysedQuery, analysedQuery } from "../../domain/knowledge/ranking/query.ts";
import { type Candidate, type Ranked, type RankOptions, ranked } from "../../domain/knowledge/ranking/rank.ts";
import { selectiveTerms, type WeightedTerm, weightedTerms } from "../../domain/knowledge/ranking/weights.ts";
import type { SearchResult, SearchTimings } from "../../domain/knowledge/search.ts";
import type { ChunkTest } from "./allowed-chunks.ts";
import { readChunks } from "./reads.ts";
import type { TokenCache } from "./token-cache.ts";
import type { TopicIndex } from "./topic-index.ts";
import type { CosineScan } from "./vector-matrix.ts";
import type { WordIndex } from "./word-index.ts";

export interface SearchPlan extends RankOptions {
  readonly query: string;
  readonly languages: readonly Language[];
  readonly chunks: number;
  readonly averageLength: number;
  readonly isAllowed: ChunkTest | null;
  readonly topK: number;
  readonly minScore: number;
  readonly diversity: number;
}

/** How deep each signal looks. More finds nothing better in the collections of docs/retrieval.md. */
const KEYWORD_CANDIDATES = 200;
const VECTOR_CANDIDATES = 100;

/** So many of the best are put in another order when diversity is asked for, whatever `topK` is. */
const MAX_DIVERSIFIED = 100;

/** Two chunks that share this much of their words say the same thing. */
const DUPLICATE_OVERLAP = 0.95;

export interface SearchMemory {
  readonly words: WordIndex;
  readonly topics: TopicIndex;
  readonly tokenCache: TokenCache;
}

export function search(
  sql: SqlStorage,
  { words, topics, tokenCache }: SearchMemory,
  vectors: (() => CosineScan) | null,
  plan: SearchPlan,
  clock: () => number,
): { results: SearchResult[]; timings: SearchTimings } {
  const laps = [clock()];
  const query = analysedQuery(plan.query, plan.languages);
  const frequencies = words.frequencies(query.terms.flatMap((term) => term.ids));
  const terms = weightedTerms(query, frequencies, plan.chunks);
  laps.push(clock());
  const byKeyword = plan.mode === "vector" ? [] : keywordCandidates(words, terms, plan);
  laps.push(clock());
  const scan = vectors?.() ?? null;
  const byVector = plan.mode === "keyword" ? [] : (scan?.nearest(VECTOR_CANDIDATES, plan.isAllowed) ?? []);
  const company = plan.mode === "hybrid" && plan.vectors === "lexical" ? topics.scan(queryIds(query)) : null;
  const byCompany = company?.nearest(VECTOR_CANDIDATES, plan.isAllowed) ?? [];
  laps.push(clock());

  const near = [...byVector, ...byCompany].map((neighbour) => neighbour.chunk);
  const keys = [...new Set([...byKeyword, ...near])];
  const tokens = tokenCache.read(sql, keys);
  const findHits = hitFinder(terms);
  const readFeatures = featureReader(query, terms);
  const cosines = scan?.cosinesOf(keys);
  const topicCosines = company?.cosinesOf(keys);
  const candidates = keys.map((key, index): Candidate => {
    const hits = findHits(tokens.get(key) ?? NO_TOKENS);
    const vector = cosines?.[index] ?? null;
    const topic = topicCosines?.[index] ?? null;
    return { key, keyword: bm25(hits, terms, plan.averageLength), vector, topic, features: readFeatures(hits) };
  });
  const chosen = best(ranked(candidates, plan), tokens, plan);
  laps.push(clock());
  const results = load(sql, chosen, candidates, plan);
  laps.push(clock());
  return { results, timings: timingsOf(laps) };
}

function queryIds({ terms, sequence }: AnalysedQuery): number[] {
  return sequence.flatMap((at) => terms[at]?.ids ?? []);
}

const NO_TOKENS: TokenList = { ids: new Uint32Array(), prefixLength: 0 };

function keywordCandidates(words: WordIndex, terms: readonly WeightedTerm[], plan: SearchPlan): number[] {
  return words.best(selectiveTerms(terms, plan.chunks), KEYWORD_CANDIDATES, plan.averageLength, plan.isAllowed);
}

interface Scored extends Ranked {
  readonly score: number;
}

/** The first `topK` that are above the threshold and repeat none before them. A score never rises down the list. */
function best(order: readonly Ranked[], tokens: ReadonlyMap<number, TokenList>, plan: SearchPlan): Scored[] {
  const wordsOf = new Map<number, ReadonlySet<number>>();
  const isRepeated = (words: ReadonlySet<number>) =>
    words.size > 0 &&
    [...wordsOf.values()].some((other) => overlapOf(words, other, DUPLICATE_OVERLAP) >= DUPLICATE_OVERLAP);
  const wanted = plan.diversity > 0 ? MAX_DIVERSIFIED : plan.topK;
  const chosen: Ranked[] = [];
  let score = 1;
  for (const item of order) {
    if (chosen.length === wanted) break;
    score = Math.min(score, item.relevance);
    if (score < plan.minScore) break;
    const { ids, prefixLength } = tokens.get(item.key) ?? NO_TOKENS;
    const words = new Set(ids.subarray(prefixLength));
    if (isRepeated(words)) continue;
    wordsOf.set(item.key, words);
    chosen.push(item);
  }
  return scored(plan.diversity > 0 ? spread(chosen, wordsOf, plan) : chosen);
}

/** In an order in which what says the same as a better one stands back. */
function spread(
  chosen: readonly Ranked[],
  wordsOf: ReadonlyMap<number, ReadonlySet<number>>,
  { diversity, topK }: SearchPlan,
): Ranked[] {
  const ranks = minMax(chosen.map((item) => item.rank));
  const items = chosen.map((item, index) => ({ item, relevance: ranks[index] ?? 0 }));
  const none: ReadonlySet<number> = new Set();
  const similarity = (a: Ranked, b: Ranked) => overlapOf(wordsOf.get(a.key) ?? none, wordsOf.get(b.key) ?? none);
  return diversified(items, topK, similarity, 1 - diversity);
}

function scored(items: readonly Ranked[]): Scored[] {
  let ceiling = 1;
  return items.map((item) => {
    ceiling = Math.min(ceiling, item.relevance);
    return { ...item, score: ceiling };
  });
}

function load(
  sql: SqlStorage,
  chosen: readonly Scored[],
  candidates: readonly Candidate[],
  { mode, rerank }: SearchPlan,
): SearchResult[] {
  const stored = readChunks(
    sql,
    chosen.map((item) => item.key),
  );
  const byKey = new Map(candidates.map((candidate) => [candidate.key, candidate]));
  return chosen.flatMap((item) => {
    const chunk = stored.get(item.key);
    const candidate = byKey.get(item.key);
    if (chunk === undefined || candidate === undefined) return [];
    const scores = {
      ...(mode === "vector" ? {} : { keyword: candidate.keyword }),
      ...(mode === "keyword" || candidate.vector === null ? {} : { vector: candidate.vector }),
      ...(rerank ? { rerank: item.rank } : {}),
    };
    return [{ ...chunk, score: item.score, scores }];
  });
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
