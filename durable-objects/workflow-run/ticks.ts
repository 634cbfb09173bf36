/** News of all runs leave at the same moments, so that a batch of the queue finds many of them. */
const TICK_MS = 100;

/** Rings at tenths of a second, once for all of an object's runs that wait for the same one. */
export class Ticks {
  readonly #waiting = new Map<number, Set<() => void>>();

  /** At the first tick from `soonest` on; what it answers takes that back. */
  ring(soonest: number, ring: () => void): () => void {
    const at = Math.ceil(soonest / TICK_MS) * TICK_MS;
    const others = this.#waiting.get(at) ?? this.#begin(at);
    others.add(ring);
    return () => others.delete(ring);
  }

  #begin(at: number): Set<() => void> {
    const waiting = new Set<() => void>();
    this.#waiting.set(at, waiting);
    setTimeout(() => {
      this.#waiting.delete(at);
      for (const ring of waiting) ring();
    }, at - Date.now());
    return waiting;
  }
}
