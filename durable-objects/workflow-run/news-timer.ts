/** Read models hear of a run that keeps moving this often. */
const ANNOUNCE_MS = 200;
/** Of its end they hear sooner, though not before the answer has left: in one process they would contend for its one thread. */
const ANNOUNCE_END_MS = 15;
/** News of all runs leave at the same moments, so that a batch of the queue finds many of them. */
const TICK_MS = 100;

/** When the read models are told that the run has moved. */
export class NewsTimer {
  readonly #tell: () => void;
  #timer: { handle: ReturnType<typeof setTimeout>; isEnd: boolean } | null = null;
  #isUnheard = false;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** They are yet to be told. */
  get isSet(): boolean {
    return this.#timer !== null;
  }

  /** They are yet to be told, or to answer. */
  get isUnheard(): boolean {
    return this.#isUnheard;
  }

  /** They have answered, or it is time to tell them again. */
  heard(): void {
    this.#isUnheard = false;
  }

  /** What they are told is how the run stands by then, so one telling serves all that comes before it. */
  moved(isEnd: boolean): void {
    if (this.#isUnheard && (this.#timer === null || this.#timer.isEnd || !isEnd)) return;
    if (this.#timer !== null) clearTimeout(this.#timer.handle);
    this.#isUnheard = true;
    const now = Date.now();
    const soonest = now + (isEnd ? ANNOUNCE_END_MS : ANNOUNCE_MS);
    const tell = () => {
      this.#timer = null;
      this.#tell();
    };
    const handle = setTimeout(tell, Math.ceil(soonest / TICK_MS) * TICK_MS - now);
    this.#timer = { handle, isEnd };
  }
}
