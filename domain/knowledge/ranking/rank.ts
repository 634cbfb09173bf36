// Scores candidates that were found by keyword, by vector or by both.
//   R1  both signals are computed for every candidate, whichever found it: nothing is filled with zero.
//   R2  the order does not depend on how many results are asked for; ties are broken by key.
//   R3  relevance is absolute: it depends on the query and the chunk, not on the other candidates.
import { type EmbedderIdentity, sameEmbedder } from "../embedding/embedder.ts";
import { HASHED_EMBEDDER } from "../embedding/hashed.ts";
import type { IndexQuery } from "../index-contract.ts";
import type { SearchMode } from "../search.ts";
import type { Features } from "./features.ts";
import { minMax, reciprocalRankFusion } from "./fusion.ts";

export interface Candidate {
  readonly key: number;
  readonly keyword: number;
  /** Cosine, or null when the chunk or the query has no vector. */
  readonly vector: number | null;
  /** Cosine among the topics learned from the collection, or null while there are none. */
  readonly topic?: number | null;
  /** What words of the best candidates add to its score by words; see feedback.ts. */
  readonly feedback?: number;
  readonly features: Features;
}

export interface Ranked {
  readonly key: number;
  readonly rank: number;
  readonly relevance: number;
}

export interface RankOptions {
  readonly mode: SearchMode;
  readonly rerank: boolean;
  /** Vectors that know meaning are an equal signal; hashed ones know spelling and weigh three tenths. */
  readonly vectors: "semantic" | "lexical";
}

export function rankOptions(query: Pick<IndexQuery, "mode" | "rerank">, embedder: EmbedderIdentity): RankOptions {
  const vectors = sameEmbedder(embedder, HASHED_EMBEDDER) ? "lexical" : "semantic";
  return { mode: query.mode ?? "hybrid", rerank: query.rerank ?? true, vectors };
}

const LEXICAL_VECTOR_WEIGHT = 0.3;
const TOPIC_WEIGHT = 0.2;

export function ranked(candidates: readonly Candidate[], options: RankOptions): Ranked[] {
  const bases = baseScores(candidates, options);
  return candidates
    .map((candidate, index) => ({
      key: candidate.key,
      rank: (bases[index] ?? 0) + (options.rerank ? featureBonus(candidate.features) : 0),
      relevance: relevance(candidate, options),
    }))
    .toSorted((a, b) => b.rank - a.rank || a.key - b.key);
}

/** Weights that did best over the collections of docs/retrieval.md, with room on either side. */
function featureBonus({ cover, bigram, window, title }: Features): number {
  return 0.1 * cover + 0.25 * bigram + 0.25 * window + 0.4 * title;
}

function baseScores(candidates: readonly Candidate[], { mode, vectors }: RankOptions): number[] {
  const keyword = candidates.map((candidate) => candidate.keyword);
  const vector = candidates.map((candidate) => candidate.vector ?? 0);
  if (mode === "keyword") return minMax(keyword);
  if (mode === "vector") return minMax(vector);
  if (vectors === "semantic") return reciprocalRankFusion([keyword, vector]);
  const spelling = minMax(vector);
  const topic = minMax(candidates.map((candidate) => candidate.topic ?? 0));
  const words = candidates.map((candidate) => candidate.keyword + (candidate.feedback ?? 0));
  return minMax(words).map(
    (score, index) => score + LEXICAL_VECTOR_WEIGHT * (spelling[index] ?? 0) + TOPIC_WEIGHT * (topic[index] ?? 0),
  );
}

function relevance({ features, vector }: Candidate, { mode, vectors }: RankOptions): number {
  const cosine = Math.max(0, vector ?? 0);
  const similarity = vectors === "semantic" ? semanticSimilarity(cosine) : Math.min(1, 2 * cosine);
  const words = 0.45 * features.cover + 0.35 * features.window;
  if (mode === "vector") return similarity;
  if (vectors === "semantic" && mode === "hybrid") return Math.max(similarity, calibrated(words + 0.2 * similarity));
  return calibrated(words + 0.2 * (vector === null ? features.cover : similarity));
}

/** Where right passages and those of foreign topics part best; see "abstention" in docs/retrieval.md. */
const EVEN_CHANCE = 0.39;

/** Stretches both sides so that the parting lies at .5. */
function calibrated(score: number): number {
  if (score < EVEN_CHANCE) return (score / EVEN_CHANCE) * 0.5;
  return Math.min(1, 0.5 + ((score - EVEN_CHANCE) / (1 - EVEN_CHANCE)) * 0.5);
}

/** Sentence encoders put unrelated texts near .35 and answers above .7. */
function semanticSimilarity(cosine: number): number {
  return Math.min(1, Math.max(0, (cosine - 0.35) / 0.45));
}
