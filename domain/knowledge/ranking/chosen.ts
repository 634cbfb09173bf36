import type { IndexQuery } from "../index-contract.ts";
import type { SearchMode, SearchResult } from "../search.ts";
import { diversified, overlapOf } from "./diversity.ts";
import { minMax } from "./fusion.ts";
import type { Candidate, Ranked } from "./rank.ts";

export interface Scored extends Ranked {
  readonly score: number;
}

/** How many results are chosen, and how. */
export interface Choice {
  readonly topK: number;
  readonly minScore: number;
  readonly diversity: number;
}

const DEFAULT_RESULTS = 10;
const MAX_RESULTS = 100;

export function choiceOf({
  topK = DEFAULT_RESULTS,
  minScore = 0,
  diversity = 0,
}: Pick<IndexQuery, "topK" | "minScore" | "diversity">): Choice {
  return { topK: Math.min(MAX_RESULTS, Math.max(1, topK)), minScore, diversity };
}

/** So many of the best are put in another order when diversity is asked for, whatever `topK` is. */
const MAX_DIVERSIFIED = 100;

/** How many results that differ are looked at. */
export function lookedAt({ topK, diversity }: Choice): number {
  return diversity > 0 ? MAX_DIVERSIFIED : topK;
}

/** Those at the head of the order that are above the threshold. */
export function aboveThreshold(order: readonly Ranked[], minScore: number): readonly Ranked[] {
  let score = 1;
  const end = order.findIndex((item) => {
    score = Math.min(score, item.relevance);
    return score < minScore;
  });
  return end === -1 ? order : order.slice(0, end);
}

/** What a passage says: its text, or the title of a document that has none. */
export function saidBy({ text, title }: Pick<StoredChunk, "text" | "title"> = { text: "", title: "" }): string {
  return text === "" ? title : text;
}

/** The first `limit` that repeat none before them word for word: texts that differ by one number or a "not" say two things. */
export function distinct<T>(items: readonly T[], limit: number, textOf: (item: T) => string): T[] {
  const chosen: T[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    if (chosen.length === limit) break;
    const text = textOf(item).trim().replace(/\s+/g, " ");
    if (seen.has(text)) continue;
    seen.add(text);
    chosen.push(item);
  }
  return chosen;
}

/** In the order in which they are shown. A score never rises down the list. */
export function inOrder(
  differing: readonly Ranked[],
  wordsOf: (item: Ranked) => ReadonlySet<number>,
  { topK, diversity }: Choice,
): Scored[] {
  let ceiling = 1;
  return (diversity > 0 ? spread(differing, wordsOf, topK, diversity) : differing).map((item) => {
    ceiling = Math.min(ceiling, item.relevance);
    return { ...item, score: ceiling };
  });
}

/** In an order in which what says the same as a better one stands back. */
function spread(
  differing: readonly Ranked[],
  wordsOf: (item: Ranked) => ReadonlySet<number>,
  topK: number,
  diversity: number,
): Ranked[] {
  const ranks = minMax(differing.map((item) => item.rank));
  const items = differing.map((item, index) => ({ item, relevance: ranks[index] ?? 0 }));
  return diversified(items, topK, (a, b) => overlapOf(wordsOf(a), wordsOf(b)), 1 - diversity);
}

/** What an index stores of a result. */
export type StoredChunk = Omit<SearchResult, "score" | "scores">;

export function asResult(
  chunk: StoredChunk,
  { score, rank }: Scored,
  { keyword, vector }: Candidate,
  { mode, rerank }: { mode: SearchMode; rerank: boolean },
): SearchResult {
  const scores = {
    ...(mode === "vector" ? {} : { keyword }),
    ...(mode === "keyword" || vector === null ? {} : { vector }),
    ...(rerank ? { rerank: rank } : {}),
  };
  return { ...chunk, score, scores };
}
