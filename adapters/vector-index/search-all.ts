// A search of an index that lies over several objects: what one object that held everything would answer.
//   A1  every object scores its candidates by the totals of all, which are asked for first.
//   A2  fusion, thresholds and the removal of repetitions see the candidates of all at once.
//   A3  an object that does not answer fails the search: a part of the index is not its answer.
//   A4  an answer is given again only for the same query, while the index lies as it lay, each of its objects is at the revision
//       that it was at, and the store outside names the same neighbours.
import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";
import {
  type IndexShape,
  otherShape,
  type Passage,
  type ShardQuery,
  type ShardSearchOutcome,
  sameShape,
} from "../../domain/knowledge/index-shape.ts";
import { type ShardTotals, totalsOf } from "../../domain/knowledge/index-totals.ts";
import {
  aboveThreshold,
  asResult,
  type Choice,
  choiceOf,
  distinct,
  inOrder,
  lookedAt,
  saidBy,
} from "../../domain/knowledge/ranking/chosen.ts";
import { wantsFeedback } from "../../domain/knowledge/ranking/feedback.ts";
import { type GatheredCandidate, gathered, type ShardCandidate } from "../../domain/knowledge/ranking/gathered.ts";
import { analysedQuery } from "../../domain/knowledge/ranking/query.ts";
import { type Ranked, type RankOptions, ranked, rankOptions } from "../../domain/knowledge/ranking/rank.ts";
import { type Degradation, NO_TIME, type SearchResult, type SearchTimings } from "../../domain/knowledge/search.ts";
import { withFeedback } from "./feedback-all.ts";
import { type IndexObjects, inTime, numbersOf } from "./index-objects.ts";
import { withNeighbours } from "./neighbours.ts";

export async function searchAll(
  objects: IndexObjects,
  assumed: IndexShape,
  query: IndexQuery,
): Promise<ShardSearchOutcome> {
  const started = performance.now();
  const shards = numbersOf(assumed);
  const [parts, asked] = await Promise.all([
    Promise.all(shards.map((shard) => inTime(objects, shard, (object) => object.totals(query.query)))),
    Promise.all(shards.map((shard) => withNeighbours(objects, shard, assumed, query))),
  ]);
  const [first] = parts;
  if (first !== undefined && !sameShape(assumed, first.shape)) return otherShape(first.shape);
  const told = performance.now();
  const asOne = { ...query, neighbours: asked.map(({ neighbours }) => neighbours) };
  const revisions = parts.map(({ revision }) => revision).join(".");
  const answers = objects.answers();
  const known = answers.find(asOne, revisions);
  if (known !== null) return { ...known, isCached: true, timings: { ...NO_TIME, totalMs: told - started } };
  const outcome = await searchBy(objects, { assumed, query, asked, parts, laps: [started, told] });
  if (outcome.found && outcome.degraded === undefined) answers.keep(asOne, revisions, outcome);
  return outcome;
}

interface Asked {
  readonly assumed: IndexShape;
  readonly query: IndexQuery;
  /** What each object is asked. */
  readonly asked: readonly (ShardQuery & { degraded: Degradation | null })[];
  readonly parts: readonly ShardTotals[];
  readonly laps: number[];
}

async function searchBy(
  objects: IndexObjects,
  { assumed, query, asked, parts, laps }: Asked,
): Promise<ShardSearchOutcome> {
  const shards = numbersOf(assumed);
  const totals = totalsOf(parts);
  if (totals === null) return MISMATCH;
  const degraded = asked.find((one) => one.degraded !== null)?.degraded ?? null;
  const answers = await Promise.all(
    asked.map(({ degraded: _, ...one }, shard) =>
      inTime(objects, shard, (object) =>
        // The first object alone knows the shape.
        object.candidates(shard === 0 ? { ...one, assumed } : one, totals),
      ),
    ),
  );
  const refusal = answers.find((answer) => !answer.found);
  if (refusal !== undefined) return refusal;
  laps.push(performance.now());
  const found = answers.flatMap((answer) => (answer.found ? [answer] : []));
  const chosen = gathered(found.map((answer) => comparable(answer.candidates, found, totals.topics)));
  const mode = degraded === null ? query.mode : "hybrid";
  const options = rankOptions({ ...query, ...(mode !== undefined && { mode }) }, totals.embedder ?? HASHED_EMBEDDER);
  const choice = choiceOf(query);
  const candidates = wantsFeedback(options, analysedQuery(query.query, totals.languages).kind)
    ? await withFeedback(objects, shards, query, chosen, { totals, options })
    : chosen;
  const above = aboveThreshold(ranked(candidates, options), choice.minScore);
  laps.push(performance.now());
  const results = await shownPassages(objects, { above, candidates, options, choice });
  laps.push(performance.now());
  const timings = timingsOf(
    laps,
    found.map((answer) => answer.laps),
  );
  return answerOf(results, timings, parts, degraded);
}

/** Without topics, when an object has come to others since the totals were taken. */
function comparable(
  candidates: readonly ShardCandidate[],
  answers: readonly { candidates: readonly ShardCandidate[]; topics: number | null }[],
  topics: number | null,
): readonly ShardCandidate[] {
  const isCommon = answers.every((answer) => answer.candidates.length === 0 || answer.topics === topics);
  return isCommon ? candidates : candidates.map((candidate) => ({ ...candidate, topic: null, isAkin: false }));
}

const MISMATCH: IndexSearchOutcome = {
  found: false,
  reason: "embedder-mismatch",
  detail: "vectors of several models in its objects",
};

interface Shown {
  readonly above: readonly Ranked[];
  readonly candidates: readonly GatheredCandidate[];
  readonly options: RankOptions;
  readonly choice: Choice;
}

/** Beyond those that are asked for, in case some repeat others. */
const SPARE_PASSAGES = 10;

/** Loads passages from the head of the order until enough of them differ. */
async function shownPassages(
  objects: IndexObjects,
  { above, candidates, options, choice }: Shown,
): Promise<SearchResult[]> {
  const byKey = new Map(candidates.map((candidate) => [candidate.key, candidate]));
  const loaded = new Map<number, Passage & { wordSet: ReadonlySet<number> }>();
  const wanted = lookedAt(choice);
  const wordsOf = ({ key }: Ranked) => loaded.get(key)?.wordSet ?? new Set<number>();
  for (let reach = wanted + SPARE_PASSAGES; ; reach *= 2) {
    const head = above.slice(0, reach);
    const missing = head.flatMap(({ key }) => (loaded.has(key) ? [] : (byKey.get(key) ?? [])));
    await load(objects, missing, loaded);
    const differing = distinct(
      head.filter(({ key }) => loaded.has(key)),
      wanted,
      ({ key }) => saidBy(loaded.get(key)?.chunk),
    );
    if (differing.length < wanted && reach < above.length) continue;
    return inOrder(differing, wordsOf, choice).flatMap((item) => {
      const [passage, candidate] = [loaded.get(item.key), byKey.get(item.key)];
      return passage === undefined || candidate === undefined
        ? []
        : [asResult(passage.chunk, item, candidate, options)];
    });
  }
}

async function load(
  objects: IndexObjects,
  wanted: readonly GatheredCandidate[],
  loaded: Map<number, Passage & { wordSet: ReadonlySet<number> }>,
): Promise<void> {
  const byShard = Map.groupBy(wanted, ({ shard }) => shard);
  const reads = [...byShard].map(async ([shard, here]) => {
    const chunks = here.map(({ chunk }) => chunk);
    const passages = await inTime(objects, shard, (object) => object.passages(chunks));
    for (const [index, { key }] of here.entries()) {
      const passage = passages[index];
      if (passage) loaded.set(key, { ...passage, wordSet: new Set(passage.words) });
    }
  });
  await Promise.all(reads);
}

/** Stages that the objects go through at once take as long as the slowest of them; the rest is the way there and back. */
function timingsOf(laps: readonly number[], shards: readonly (readonly number[])[]): SearchTimings {
  const [start = 0, totals = 0, , ordered = 0, end = 0] = laps;
  const slowest = (stage: number) => Math.max(0, ...shards.map((lap) => (lap[stage + 1] ?? 0) - (lap[stage] ?? 0)));
  const [keywordMs, vectorMs] = [slowest(1), slowest(2)];
  return {
    analyseMs: totals - start,
    keywordMs,
    vectorMs,
    rankMs: Math.max(0, ordered - totals - keywordMs - vectorMs),
    loadMs: end - ordered,
    totalMs: end - start,
  };
}

function answerOf(
  results: SearchResult[],
  timings: SearchTimings,
  parts: readonly ShardTotals[],
  degraded: Degradation | null,
): IndexSearchOutcome {
  const revision = parts.reduce((sum, part) => sum + part.revision, 0);
  return { found: true, results, timings, revision, isCached: false, ...(degraded !== null && { degraded }) };
}
