export interface ScoredChunk {
  readonly chunk: number;
  readonly score: number;
}

/** Sums of scores by chunk: open addressing in two arrays, since a Map of numbers costs ten times as much. */
export class ScoreTable {
  readonly #mask: number;
  /** Chunk + 1; zero is an empty slot. */
  readonly #keys: Float64Array;
  readonly #scores: Float64Array;
  readonly #occupied: number[] = [];

  /** `capacity` is how many chunks there may be at most. */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, capacity * 2)));
    this.#mask = slots - 1;
    this.#keys = new Float64Array(slots);
    this.#scores = new Float64Array(slots);
  }

  add(chunk: number, score: number): void {
    const key = chunk + 1;
    let slot = Math.imul(key, 0x9e3779b1) & this.#mask;
    while (this.#keys[slot] !== key) {
      if (this.#keys[slot] === 0) {
        this.#keys[slot] = key;
        this.#occupied.push(slot);
        break;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#scores[slot] = (this.#scores[slot] ?? 0) + score;
  }

  /** The best few that are allowed, best first; ties by chunk. */
  best(limit: number, isAllowed: ((chunk: number) => boolean) | null): ScoredChunk[] {
    const found: ScoredChunk[] = [];
    let threshold = 0;
    for (const slot of this.#occupied) {
      const chunk = (this.#keys[slot] ?? 0) - 1;
      const score = this.#scores[slot] ?? 0;
      if (score < threshold || isAllowed?.(chunk) === false) continue;
      found.push({ chunk, score });
      if (found.length < limit * 4) continue;
      cut(found, limit);
      threshold = found.at(-1)?.score ?? 0;
    }
    cut(found, limit);
    return found;
  }
}

function cut(found: ScoredChunk[], limit: number): void {
  found.sort((a, b) => b.score - a.score || a.chunk - b.chunk);
  if (found.length > limit) found.length = limit;
}
