import { asProblem } from "../../domain/kernel/problem.ts";
import type { IndexQuery } from "../../domain/knowledge/index-contract.ts";
import type { IndexShape, ShardQuery } from "../../domain/knowledge/index-shape.ts";
import type { Degradation } from "../../domain/knowledge/search.ts";
import { chunkOf, type IndexObjects } from "./index-objects.ts";

/** The query with its nearest chunks, where a store outside knows them; when it does not answer, words alone choose candidates. */
export async function withNeighbours(
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
