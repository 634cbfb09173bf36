import type { Ticks } from "./ticks.ts";

/** Read models hear of a run that keeps moving this often. */
const ANNOUNCE_MS = 200;
/** Of its end they hear sooner, though not before the answer has left: in one process they would contend for its one thread. */
const ANNOUNCE_END_MS = 15;

/** When the read models are told that the run has moved. */
export class NewsTimer {
  readonly #ticks: Ticks;
  readonly #tell: () => void;
  #due: { takeBack: () => void; isEnd: boolean } | null = null;
  #isUnheard = false;

  constructor(ticks: Ticks, tell: () => void) {
    this.#ticks = ticks;
    this.#tell = tell;
  }

  /** They are yet to be told. */
  get isSet(): boolean {
    return this.#due !== null;
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
    if (this.#isUnheard && (this.#due === null || this.#due.isEnd || !isEnd)) return;
    this.#due?.takeBack();
    this.#isUnheard = true;
    const takeBack = this.#ticks.ring(Date.now() + (isEnd ? ANNOUNCE_END_MS : ANNOUNCE_MS), () => {
      this.#due = null;
      this.#tell();
    });
    this.#due = { takeBack, isEnd };
  }
}
