import type { Clock } from "../../domain/kernel/time.ts";

// Something read from elsewhere, remembered for a while and read once for all who ask at the same time.
//   K1  what is remembered is as old as the beginning of its reading.
//   K2  whoever asks for fresh knowledge gets a reading that began after the question: not the one under way, but one that
//       follows it, which all who came meanwhile share.
//   K3  a reading that failed is nothing known.

export class Reading<T> {
  readonly #read: () => Promise<T>;
  readonly #clock: Clock;
  readonly #keptMs: number;
  #known: { at: number; value: T } | null = null;
  #running: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(read: () => Promise<T>, clock: Clock, keptMs: number) {
    this.#read = read;
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  async get(isFresh: boolean): Promise<T> {
    if (!isFresh) {
      if (this.#known !== null && this.#clock.now() - this.#known.at < this.#keptMs) return this.#known.value;
      return this.#running ?? this.#start();
    }
    if (this.#running === null) return this.#start();
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(running: Promise<T>): Promise<T> {
    await Promise.allSettled([running]);
    this.#next = null;
    return this.#start();
  }

  #start(): Promise<T> {
    const running = this.#begin();
    this.#running = running;
    return running;
  }

  async #begin(): Promise<T> {
    const at = this.#clock.now();
    try {
      const value = await this.#read();
      if (this.#known === null || this.#known.at <= at) this.#known = { at, value };
      return value;
    } finally {
      this.#running = null;
    }
  }
}
