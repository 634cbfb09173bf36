// Searches that were answered since the index last changed.
//   H1  an answer is given again only for the same query, word for word and vector for vector, and the same revision.
//   H2  memory is bounded by the number of results held; the oldest answers go first.
import type { IndexQuery, IndexSearchOutcome } from "./index-contract.ts";

type Found = IndexSearchOutcome & { found: true };

/** `revision` names the state of the whole index: of all objects, where it lies over several. */
export class SearchCache {
  readonly #maxResults: number;
  readonly #answers = new Map<string, Found>();
  #revision = "";
  #results = 0;

  /** A result takes some 3 KB. */
  constructor(maxResults: number) {
    this.#maxResults = maxResults;
  }

  find(query: IndexQuery, revision: string): Found | null {
    if (revision !== this.#revision) return null;
    return this.#answers.get(keyOf(query)) ?? null;
  }

  keep(query: IndexQuery, revision: string, answer: Found): void {
    if (revision !== this.#revision) this.clear();
    this.#revision = revision;
    this.#answers.set(keyOf(query), answer);
    this.#results += weightOf(answer);
    for (const [key, oldest] of this.#answers) {
      if (this.#results <= this.#maxResults) break;
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
