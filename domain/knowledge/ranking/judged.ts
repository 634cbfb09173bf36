import type { SearchResult } from "../search.ts";

/**
 * Results in the order of a second judge, whose scores (0 to 1) become theirs. Those that it was not shown follow in their old
 * order, scored no higher than the last it judged.
 */
export function judged(results: readonly SearchResult[], scores: readonly number[]): SearchResult[] {
  const seen = results.slice(0, scores.length).map((result, index) => {
    const score = Math.min(1, Math.max(0, scores[index] ?? 0));
    return { ...result, score, scores: { ...result.scores, rerank: scores[index] ?? 0 } };
  });
  const first = seen.toSorted((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1));
  return neverRising([...first, ...results.slice(scores.length)]);
}

/** One list of what several queries found: by reciprocal rank, each passage with the best relevance that it had. */
export function fused(lists: readonly (readonly SearchResult[])[]): SearchResult[] {
  const found = new Map<string, { result: SearchResult; weight: number }>();
  for (const list of lists) {
    for (const [rank, result] of list.entries()) {
      const known = found.get(result.chunkId);
      const better = known !== undefined && known.result.score >= result.score ? known.result : result;
      found.set(result.chunkId, { result: better, weight: (known?.weight ?? 0) + 1 / (RRF_K + rank + 1) });
    }
  }
  const order = [...found.values()].toSorted(
    (a, b) => b.weight - a.weight || b.result.score - a.result.score || (a.result.chunkId < b.result.chunkId ? -1 : 1),
  );
  return neverRising(order.map(({ result }) => result));
}

/** As in fusion.ts. */
const RRF_K = 60;

function neverRising(results: readonly SearchResult[]): SearchResult[] {
  let ceiling = 1;
  return results.map((result) => {
    ceiling = Math.min(ceiling, result.score);
    return { ...result, score: ceiling };
  });
}
