import type { Refusal, RunCommand } from "../../domain/workflows/run/command.ts";

export interface Letter {
  command: RunCommand;
  /** With the reason where the run refused it; called once what it caused is written. */
  answer(refused: Refusal | null): void;
  fail(error: unknown): void;
}

/** Gathers what arrives together, so that it is decided and committed together: answers of many tasks, ends of many children. */
export class Inbox {
  readonly #openSoon: (first: RunCommand) => void;
  #letters: Letter[] = [];

  /** `openSoon` is called once for all letters until drain(), with the first: what it is says how long others may join it. */
  constructor(openSoon: (first: RunCommand) => void) {
    this.#openSoon = openSoon;
  }

  put(command: RunCommand): Promise<Refusal | null> {
    return new Promise((answer, fail) => {
      if (this.#letters.push({ command, answer, fail }) === 1) this.#openSoon(command);
    });
  }

  drain(): Letter[] {
    return this.#letters.splice(0);
  }
}

/**
 * Letters that are one command: the ends of all children of one map run. A history is bounded, and tens of thousands of children
 * must fit into it.
 */
export function joined(letters: readonly Letter[]): { command: RunCommand; letters: Letter[] }[] {
  const groups: { command: RunCommand; letters: Letter[] }[] = [];
  for (const letter of letters) {
    const { command } = letter;
    const last = groups.at(-1);
    const more = last === undefined ? null : joinedCommand(last.command, command);
    if (last === undefined || more === null) groups.push({ command, letters: [letter] });
    else {
      last.command = more;
      last.letters.push(letter);
    }
  }
  return groups;
}

function joinedCommand(one: RunCommand, other: RunCommand): RunCommand | null {
  if (one.type !== "ChildrenFinished" || other.type !== "ChildrenFinished" || one.key !== other.key) return null;
  return { ...one, children: [...one.children, ...other.children] };
}
