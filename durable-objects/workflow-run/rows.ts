/** A run has fewer events than this, and an object fewer runs than leave a number exact. */
const SPAN = 2 ** 32;

/**
 * Which rows of an object's tables are those of one run. The runs of a distributed Map share an object; a run that is alone in
 * its object has number 0, and its rows count from 1.
 */
export class Rows {
  readonly isAlone: boolean;
  /** Of a table with one row for each run. */
  readonly id: number;
  /** Numbers of the run's events and acts lie from here on, below `end`. */
  readonly base: number;
  readonly end: number;
  /** Begins the run's names of what it waits for. */
  readonly prefix: string;

  constructor(run: number) {
    this.isAlone = run === 0;
    this.id = run + 1;
    this.base = run * SPAN;
    this.end = this.base + SPAN;
    this.prefix = run === 0 ? "" : `${run}!`;
  }

  /** As the table has it; what lies beyond the run's numbers is taken for the last of them. */
  at(seq: number): number {
    return Math.min(this.base + seq, this.end - 1);
  }
}
