/** Waits until what was written is on disk. Who asks in the same turn of the object, for any of its runs, waits for one commit. */
export class OnDisk {
  readonly #sync: () => Promise<void>;
  #asked: Promise<void> | null = null;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  wait(): Promise<void> {
    this.#asked ??= this.#askSoon();
    return this.#asked;
  }

  /** What was written by those who join before it asks is in the commit it asks for. */
  async #askSoon(): Promise<void> {
    await null;
    this.#asked = null;
    await this.#sync();
  }
}
