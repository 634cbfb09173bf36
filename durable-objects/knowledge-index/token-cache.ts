// Tokens of the chunks that searches looked at last. A chunk's number is given once, so what is here is never stale.
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";
import { readTokens } from "./reads.ts";

/** Every chunk of an index of 17,000, beside up to 64 MB of vectors in an isolate of 128 MB. */
const MAX_BYTES = 16 * 1024 * 1024;

export class TokenCache {
  readonly #held = new Map<number, TokenList>();
  #bytes = 0;

  read(sql: SqlStorage, chunks: readonly number[]): ReadonlyMap<number, TokenList> {
    const found = new Map<number, TokenList>();
    const missing: number[] = [];
    for (const chunk of chunks) {
      const held = this.#held.get(chunk);
      if (held === undefined) missing.push(chunk);
      else found.set(chunk, held);
    }
    for (const [chunk, tokens] of missing.length === 0 ? [] : readTokens(sql, missing)) {
      found.set(chunk, tokens);
      this.#keep(chunk, tokens);
    }
    return found;
  }

  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  #keep(chunk: number, tokens: TokenList): void {
    this.#held.set(chunk, tokens);
    this.#bytes += tokens.ids.byteLength;
    for (const [oldest, { ids }] of this.#held) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#held.delete(oldest);
      this.#bytes -= ids.byteLength;
    }
  }
}
