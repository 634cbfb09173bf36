// What candidates are scored by beside themselves: totals of a whole index, over however many objects it lies.
import type { Language } from "./analysis/language.ts";
import { type EmbedderIdentity, sameEmbedder } from "./embedding/embedder.ts";
import type { IndexShape } from "./index-shape.ts";

/** Of one object, for one query. */
export interface ShardTotals {
  /** How the whole lies, as far as this object knows: the first one keeps it. */
  readonly shape: IndexShape;
  readonly revision: number;
  readonly chunks: number;
  readonly tokens: number;
  /** Those that its documents are in. */
  readonly languages: readonly Language[];
  readonly embedder: EmbedderIdentity | null;
  /** The generation of its topics that is in force. */
  readonly topics: number | null;
  /** In how many chunks each of the query's terms is. */
  readonly frequencies: readonly (readonly [term: number, chunks: number])[];
}

export interface IndexTotals {
  readonly chunks: number;
  readonly averageLength: number;
  readonly languages: readonly Language[];
  readonly embedder: EmbedderIdentity | null;
  /** The generation of topics that all objects have in force; `null` while they differ, since those of two do not compare. */
  readonly topics: number | null;
  readonly frequencies: readonly (readonly [term: number, chunks: number])[];
}

/** `null`: they hold vectors of several embedders. */
export function totalsOf(shards: readonly ShardTotals[]): IndexTotals | null {
  const embedders = shards.filter(({ chunks }) => chunks > 0).flatMap(({ embedder }) => embedder ?? []);
  const [embedder = null] = embedders;
  if (embedders.some((other) => embedder !== null && !sameEmbedder(embedder, other))) return null;
  const sum = (of: (shard: ShardTotals) => number) => shards.reduce((total, shard) => total + of(shard), 0);
  const chunks = sum((shard) => shard.chunks);
  return {
    chunks,
    averageLength: averageLength(
      sum((shard) => shard.tokens),
      chunks,
    ),
    languages: searchedLanguages(shards.flatMap((shard) => shard.languages)),
    embedder,
    topics: commonTopics(shards.filter((shard) => shard.chunks > 0)),
    frequencies: [...summedFrequencies(shards.map((shard) => shard.frequencies))],
  };
}

function commonTopics(shards: readonly ShardTotals[]): number | null {
  const [generation = null, ...others] = new Set(shards.map(({ topics }) => topics));
  return others.length === 0 ? generation : null;
}

/** In how many chunks of all objects each term is. */
export function summedFrequencies(shards: readonly ShardTotals["frequencies"][]): Map<number, number> {
  const frequencies = new Map<number, number>();
  for (const [term, count] of shards.flat()) frequencies.set(term, (frequencies.get(term) ?? 0) + count);
  return frequencies;
}

export function averageLength(tokens: number, chunks: number): number {
  return chunks === 0 ? 1 : tokens / chunks;
}

export const LANGUAGES: readonly Language[] = ["english", "other"];

/** In one order, whatever found them. An empty index is taken to be English. */
export function searchedLanguages(held: readonly Language[]): readonly Language[] {
  return held.length === 0 ? ["english"] : LANGUAGES.filter((language) => held.includes(language));
}
