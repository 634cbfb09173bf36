import { asProblem } from "../../domain/kernel/problem.ts";
import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";
import type { IndexShape, ShardQuery } from "../../domain/knowledge/index-shape.ts";
import type { Degradation } from "../../domain/knowledge/search.ts";
import { chunkOf, FIRST, type IndexObjects, noAnswer } from "./index-objects.ts";

/** An index changes its shape a few times in its life. */
const MAX_ROUNDS = 3;

/** Asks as the index was last known to lie, and again when it says that it lies otherwise. */
export async function search(objects: IndexObjects, query: IndexQuery): Promise<IndexSearchOutcome> {
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const assumed = objects.shape.get();
    const { degraded, ...asked } = await withNeighbours(objects, FIRST, assumed, query);
    const outcome = await objects.shard(FIRST)((first) => first.search({ ...asked, assumed }));
    if (outcome.found) return degraded === null ? outcome : { ...outcome, degraded };
    if (outcome.reason !== "other-shape") return outcome;
    objects.shape.set(outcome.shape);
  }
  throw noAnswer();
}

/** The query with its nearest chunks, where a store outside knows them; when it does not answer, words alone choose candidates. */
async function withNeighbours(
  { store, namespace }: IndexObjects,
  shard: number,
  { vectors }: IndexShape,
  query: IndexQuery,
): Promise<ShardQuery & { degraded: Degradation | null }> {
  const { queryEmbedding, mode } = query;
  if (store === null || vectors === "embedded" || mode === "keyword" || queryEmbedding === undefined) {
    return { ...query, degraded: null };
  }
  const name = namespace(shard);
  try {
    const ids = await store.nearest(name, queryEmbedding);
    return { ...query, neighbours: ids.flatMap((id) => chunkOf(name, id) ?? []), degraded: null };
  } catch (error) {
    const failure = asProblem(error);
    if (failure === null) throw error;
    return { ...query, mode: "hybrid", neighbours: [], degraded: { by: store.name, reason: failure.message } };
  }
}
