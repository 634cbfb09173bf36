import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";
import type { IndexShape, ShardSearchOutcome } from "../../domain/knowledge/index-shape.ts";
import { FIRST, type IndexObjects, noAnswer } from "./index-objects.ts";
import { withNeighbours } from "./neighbours.ts";
import { searchAll } from "./search-all.ts";

/** An index changes its shape a few times in its life. */
const MAX_ROUNDS = 3;

/** Asks as the index was last known to lie, and again when it says that it lies otherwise. */
export async function search(objects: IndexObjects, query: IndexQuery): Promise<IndexSearchOutcome> {
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const assumed = objects.shape.get();
    const outcome = await (assumed.shards === 1 ? searchOne : searchAll)(objects, assumed, query);
    if (outcome.found || outcome.reason !== "other-shape") return outcome;
    objects.shape.set(outcome.shape);
  }
  throw noAnswer();
}

async function searchOne(objects: IndexObjects, assumed: IndexShape, query: IndexQuery): Promise<ShardSearchOutcome> {
  const { degraded, ...asked } = await withNeighbours(objects, FIRST, assumed, query);
  const outcome = await objects.shard(FIRST)((first) => first.search({ ...asked, assumed }));
  return outcome.found && degraded !== null ? { ...outcome, degraded } : outcome;
}
