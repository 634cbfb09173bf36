// Searches that were answered since the index last changed.
//   H1  an answer is given again only for the same query, word for word and vector for vector, and the same revision.
//   H2  memory is bounded by the number of results held; the oldest answers go first.
import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";

type Found = IndexSearchOutcome & { found: true };

/** At some 3 KB a chunk about 6 MB, beside up to 64 MB of vectors in an isolate of 128 MB. */
const MAX_RESULTS = 2_000;

export class SearchCache {
  readonly #answers = new Map<string, Found>();
  #revision = -1;
  #results = 0;

  find(query: IndexQuery, revision: number): Found | null {
    if (revision !== this.#revision) return null;
    return this.#answers.get(keyOf(query)) ?? null;
  }

  keep(query: IndexQuery, answer: Found): void {
    if (answer.revision !== this.#revision) this.clear();
    this.#revision = answer.revision;
    this.#answers.set(keyOf(query), answer);
    this.#results += weightOf(answer);
    for (const [key, oldest] of this.#answers) {
      if (this.#results <= MAX_RESULTS) break;
      this.#answers.delete(key);
      this.#results -= weightOf(oldest);
    }
  }

  clear(): void {
    this.#answers.clear();
    this.#results = 0;
  }
}

/** An answer without results takes room as well. */
function weightOf({ results }: Found): number {
  return results.length + 1;
}

function keyOf({ queryEmbedding, ...query }: IndexQuery): string {
  const vector = queryEmbedding === undefined ? "" : Buffer.from(new Float32Array(queryEmbedding).buffer);
  const members = Object.entries(query).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(members)}${vector.toString("base64")}`;
}
