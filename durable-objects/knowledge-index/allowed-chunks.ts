// Which chunks a search may show. What a filter leaves is remembered until the index changes.
import { type Condition, matchesCondition } from "../../domain/knowledge/filter.ts";
import type { ChunkRange } from "../../domain/knowledge/index-shape.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";
import { mayMeet } from "./facts.ts";

export type ChunkTest = (chunk: number) => boolean;

/** Chunks of some documents, in their order. */
export interface Allowed {
  readonly ranges: readonly ChunkRange[];
  readonly test: ChunkTest;
}

const MAX_FILTERS = 16;

export class AllowedChunks {
  readonly #sql: SqlStorage;
  readonly #held = new Map<string, Allowed>();
  #revision = -1;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Chunks of documents that meet the condition and are not left out; `null`: all of them. */
  of(condition: Condition | null, without: readonly string[], revision: number): Allowed | null {
    if (condition === null && without.length === 0) return null;
    if (revision !== this.#revision) this.#held.clear();
    this.#revision = revision;
    const key = JSON.stringify([condition, without]);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const ranges = readAllowed(this.#sql, condition, without);
    const allowed = { ranges, test: rangeTest(ranges) };
    for (const [oldest] of this.#held) if (this.#held.size >= MAX_FILTERS) this.#held.delete(oldest);
    this.#held.set(key, allowed);
    return allowed;
  }
}

function readAllowed(sql: SqlStorage, condition: Condition | null, without: readonly string[]): ChunkRange[] {
  const left = new Set(without);
  const candidates = condition === null ? null : mayMeet(sql, condition);
  const allowed: ChunkRange[] = [];
  const rows = sql.exec<{ first_chunk: number; chunks: number; metadata: string; document_id: string }>(
    `select first_chunk, chunks, metadata, document_id from document
     ${candidates === null ? "" : "where first_chunk in (select value from json_each(?))"} order by first_chunk`,
    ...(candidates === null ? [] : [JSON.stringify([...candidates])]),
  );
  for (const row of rows) {
    if (left.has(row.document_id)) continue;
    // Metadata was parsed by its schema before it was written; reading thousands for a filter does not parse it again.
    if (condition !== null && !matchesCondition(condition, JSON.parse(row.metadata) as Metadata)) continue;
    allowed.push({ first: row.first_chunk, count: row.chunks });
  }
  return allowed;
}

/** Whether a chunk lies in one of the ranges, which are in order. */
export function rangeTest(ranges: readonly ChunkRange[]): ChunkTest {
  const starts = ranges.map(({ first }) => first);
  const ends = ranges.map(({ first, count }) => first + count);
  return function isWithin(chunk) {
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (chunk < (starts[middle] ?? 0)) high = middle - 1;
      else if (chunk >= (ends[middle] ?? 0)) low = middle + 1;
      else return true;
    }
    return false;
  };
}
