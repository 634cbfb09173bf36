import type { Refusal, RunCommand } from "../../domain/workflows/run/command.ts";
import { charactersOf } from "../../domain/workflows/run/payload.ts";

/** Of the children of one command, whose event is one text. After each command the run sees what it holds. */
const MAX_JOINED_CHARACTERS = 4_000_000;

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

interface Group {
  command: RunCommand;
  letters: Letter[];
}

/**
 * Letters that are one command: the ends of the children of one map run. A history is bounded, and tens of thousands of children
 * must fit into it.
 */
export function joined(letters: readonly Letter[]): Group[] {
  const groups: Group[] = [];
  let room = 0;
  for (const letter of letters) {
    const { command } = letter;
    const last = groups.at(-1);
    const characters = charactersOfEnds(command);
    if (last !== undefined && isOfSameMap(last.command, command) && characters <= room) last.letters.push(letter);
    else {
      groups.push({ command, letters: [letter] });
      room = MAX_JOINED_CHARACTERS;
    }
    room -= characters;
  }
  return groups.map(inOneCommand);
}

function charactersOfEnds(command: RunCommand): number {
  if (command.type !== "ChildrenFinished") return 0;
  return command.children.reduce(
    (sum, child) => sum + charactersOf(child.status === "succeeded" ? child.output : child.cause),
    0,
  );
}

function isOfSameMap(one: RunCommand, other: RunCommand): boolean {
  return one.type === "ChildrenFinished" && other.type === "ChildrenFinished" && one.key === other.key;
}

function inOneCommand({ command, letters }: Group): Group {
  if (command.type !== "ChildrenFinished") return { command, letters };
  const children = letters.flatMap((letter) =>
    letter.command.type === "ChildrenFinished" ? letter.command.children : [],
  );
  return { command: { ...command, children }, letters };
}
