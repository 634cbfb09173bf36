// Tokens of the chunks that searches looked at last. A chunk's number is given once, so what is here is never stale.
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";
import { readTokens } from "./reads.ts";

/** Every chunk of an index of 17,000, beside up to 64 MB of vectors in an isolate of 128 MB. */
const MAX_BYTES = 16 * 1024 * 1024;

export class TokenCache {
  /** What was looked at last: a half of all that is held. The other half is dropped whole, since one by one the oldest are costly to find. */
  #newer = new Map<number, TokenList>();
  #older = new Map<number, TokenList>();
  #newerBytes = 0;

  read(sql: SqlStorage, chunks: readonly number[]): ReadonlyMap<number, TokenList> {
    const found = new Map<number, TokenList>();
    const missing: number[] = [];
    for (const chunk of chunks) {
      const newer = this.#newer.get(chunk);
      const held = newer ?? this.#older.get(chunk);
      if (held === undefined) missing.push(chunk);
      else found.set(chunk, held);
      if (held !== undefined && newer === undefined) this.#keep(chunk, held);
    }
    for (const [chunk, tokens] of missing.length === 0 ? [] : readTokens(sql, missing)) {
      found.set(chunk, tokens);
      this.#keep(chunk, tokens);
    }
    return found;
  }

  clear(): void {
    this.#newer = new Map();
    this.#older = new Map();
    this.#newerBytes = 0;
  }

  #keep(chunk: number, tokens: TokenList): void {
    this.#newer.set(chunk, tokens);
    this.#newerBytes += tokens.ids.byteLength;
    if (this.#newerBytes <= MAX_BYTES / 2) return;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#newerBytes = 0;
  }
}
