/** Runs at most `width` pieces of work at once; the others wait in order. */
export class Lanes {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  readonly #roomSeekers: (() => void)[] = [];
  #taken = 0;

  constructor(width: number) {
    this.#width = width;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#width) this.#taken++;
    // Whoever leaves hands its lane over, so the count stays.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken--;
      else next();
      if (this.#hasRoom) for (const found of this.#roomSeekers.splice(0)) found();
    }
  }

  /** Resolves when no work waits. */
  async room(): Promise<void> {
    if (!this.#hasRoom) await new Promise<void>((resolve) => this.#roomSeekers.push(resolve));
  }

  get isBusy(): boolean {
    return this.#taken > 0;
  }

  get #hasRoom(): boolean {
    return this.#waiting.length === 0;
  }
}
