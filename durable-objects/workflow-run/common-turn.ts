import type { Lanes } from "./lanes.ts";

/**
 * What reaches several runs of one object at the same moment is decided in one turn of the object, so that one commit holds it
 * all: a commit costs more than the rows in it.
 */
export class CommonTurn {
  readonly #connections: Lanes;
  #waiting: (() => void)[] = [];

  constructor(connections: Lanes) {
    this.#connections = connections;
  }

  /** Does `work` with that of all who join until the next turn; at once where nobody is to be expected. */
  join(work: () => void, expectsOthers = false): void {
    if (!expectsOthers && !this.#connections.isBusy && this.#waiting.length === 0) work();
    else if (this.#waiting.push(work) === 1) setTimeout(() => this.#begin(), 0);
  }

  #begin(): void {
    for (const work of this.#waiting.splice(0)) work();
  }
}
