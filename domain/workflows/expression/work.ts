// What evaluating may cost. A step is a node of a JSONata expression, some two microseconds; paths, intrinsic functions and
// functions of the library pay in steps for what they look through or build. The clock of an isolate stands still while it
// computes, so this is what tells that a state takes too long.

/** Of one state: a second or two. */
const MAX_STATE_STEPS = 500_000;

/** Kept by whoever must know what several states have cost. */
export interface Tally {
  steps: number;
}

/** The steps that the expressions of one state share. */
export class Work {
  readonly #tally: Tally;
  #left = MAX_STATE_STEPS;

  constructor(tally: Tally = { steps: 0 }) {
    this.#tally = tally;
  }

  /** False where it was too much. */
  spend(steps: number): boolean {
    this.#left -= steps;
    this.#tally.steps += steps;
    return this.#left >= 0;
  }
}

export const OVERWORKED = `The expressions of a state take more than ${MAX_STATE_STEPS} steps together`;

/** The engine's search for a text is quadratic at its worst, which cannot be felt while what is sought is short. */
const SHORT_SEARCH = 64;
const COMPARED_A_STEP = 65_536;

/** What it takes to find `sought` in a text at worst. */
export function searchSteps(text: string, sought: string): number {
  return sought.length <= SHORT_SEARCH ? 0 : Math.ceil((text.length * sought.length) / COMPARED_A_STEP);
}
