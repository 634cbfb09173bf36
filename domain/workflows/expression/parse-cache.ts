/** What the texts of one cache may come to; a parsed text takes some fifty times its length. */
const MAX_CACHED_CHARACTERS = 262_144;

/**
 * What was parsed, by its text. All tenants of an isolate share it, so it is bounded by the length of what it holds, and a
 * single text may take no more than a sixteenth of it; the oldest goes first.
 */
export class ParseCache<T> {
  readonly #parsed = new Map<string, T>();
  #characters = 0;

  get(text: string): T | undefined {
    return this.#parsed.get(text);
  }

  set(text: string, value: T): void {
    if (text.length > MAX_CACHED_CHARACTERS / 16) return;
    if (!this.#parsed.has(text)) this.#characters += cost(text);
    this.#parsed.set(text, value);
    for (const oldest of this.#parsed.keys()) {
      if (this.#characters <= MAX_CACHED_CHARACTERS) return;
      this.#parsed.delete(oldest);
      this.#characters -= cost(oldest);
    }
  }
}

/** Even the shortest text has an entry around it. */
function cost(text: string): number {
  return text.length + 16;
}
