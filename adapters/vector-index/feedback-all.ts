import type { IndexQuery } from "../../domain/knowledge/index-contract.ts";
import { type IndexTotals, summedFrequencies } from "../../domain/knowledge/index-totals.ts";
import { FEEDBACK_CHUNKS, FEEDBACK_REACH, feedbackTerms } from "../../domain/knowledge/ranking/feedback.ts";
import type { GatheredCandidate } from "../../domain/knowledge/ranking/gathered.ts";
import { analysedQuery } from "../../domain/knowledge/ranking/query.ts";
import { type RankOptions, ranked } from "../../domain/knowledge/ranking/rank.ts";
import { type WeightedTerm, weightedTerms } from "../../domain/knowledge/ranking/weights.ts";
import { type IndexObjects, inTime } from "./index-objects.ts";

/** As one object does it: the words of the best, in how many chunks of all they are, and what they make of each candidate. */
export async function withFeedback(
  objects: IndexObjects,
  shards: readonly number[],
  { query }: IndexQuery,
  candidates: readonly GatheredCandidate[],
  { totals, options }: { totals: IndexTotals; options: RankOptions },
): Promise<GatheredCandidate[]> {
  const byKey = new Map(candidates.map((candidate) => [candidate.key, candidate]));
  const reached = ranked(candidates, options)
    .slice(0, FEEDBACK_REACH)
    .flatMap(({ key }) => byKey.get(key) ?? []);
  const best = await wordsOf(objects, reached.slice(0, FEEDBACK_CHUNKS));
  const words = [...new Set(best.flatMap((ids) => [...ids]))];
  const parts = await Promise.all(shards.map((shard) => inTime(objects, shard, (object) => object.frequencies(words))));
  const asked = weightedTerms(analysedQuery(query, totals.languages), new Map(totals.frequencies), totals.chunks);
  const frequencies = summedFrequencies(parts);
  const terms = feedbackTerms(best, asked, () => frequencies, totals);
  const scores = await scoresBy(objects, reached, terms, totals.averageLength);
  return candidates.map((candidate) => ({ ...candidate, feedback: scores.get(candidate.key) ?? 0 }));
}

function wordsOf(objects: IndexObjects, candidates: readonly GatheredCandidate[]): Promise<Uint32Array[]> {
  return Promise.all(
    candidates.map(async ({ shard, chunk }) => {
      const [ids = new Uint32Array()] = await inTime(objects, shard, (object) => object.tokens([chunk]));
      return ids;
    }),
  );
}

async function scoresBy(
  objects: IndexObjects,
  candidates: readonly GatheredCandidate[],
  terms: readonly WeightedTerm[],
  averageLength: number,
): Promise<Map<number, number>> {
  const byShard = Map.groupBy(candidates, ({ shard }) => shard);
  const scored = await Promise.all(
    [...byShard].map(async ([shard, here]) => {
      const chunks = here.map(({ chunk }) => chunk);
      const scores = await inTime(objects, shard, (object) => object.wordScores(chunks, terms, averageLength));
      return here.map(({ key }, index): [number, number] => [key, scores[index] ?? 0]);
    }),
  );
  return new Map(scored.flat());
}
