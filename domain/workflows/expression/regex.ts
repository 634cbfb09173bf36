import { compileRegex, type RegexProgram } from "./regex-program.ts";
import { isWordCharacter, UnsupportedPattern } from "./regex-syntax.ts";

// Patterns of tenants, matched by our own backtracking machine instead of the engine's, because that one can be made to run for
// years by a short pattern and cannot be interrupted. Results are those of JavaScript; what differs is that every step is
// counted by the caller, who ends the evaluation when there are too many. Checking patterns for danger beforehand would refuse
// harmless ones and still miss polynomial ones.

/** Called as the match goes; throws to end it. */
export type Spend = (steps: number) => void;

/** Open choices of one match, each some forty bytes; a text of a hundred thousand characters under `(a|b)*` fits. */
const MAX_CHOICES = 200_000;

/** The class JSONata takes in place of RegExp: it constructs one for each pattern and calls `exec` on it. */
export function regexEngine(spend: Spend): RegExpConstructor {
  class CountedRegExp {
    readonly #program: RegexProgram;
    lastIndex = 0;

    constructor(pattern: RegExp) {
      this.#program = programOf(pattern);
    }

    exec(text: string): RegExpExecArray | null {
      const matcher = new Matcher(this.#program, text, spend);
      const empty = emptySlots(this.#program);
      for (let start = this.lastIndex; start <= text.length; start += 1) {
        const slots = matcher.run(0, start, empty);
        if (slots === null) continue;
        this.lastIndex = slots[1] ?? start;
        return toResult(this.#program, text, slots);
      }
      this.lastIndex = 0;
      return null;
    }
  }
  return CountedRegExp as unknown as RegExpConstructor;
}

/** Why a pattern cannot be used, or null where it can. */
export function patternProblem(pattern: RegExp): string | null {
  try {
    programOf(pattern);
    return null;
  } catch (refusal) {
    if (refusal instanceof UnsupportedPattern) return refusal.message;
    throw refusal;
  }
}

/** The parsed expression owns its patterns, so they are compiled as long as it lives. */
const programs = new WeakMap<RegExp, RegexProgram>();

function programOf(pattern: RegExp): RegexProgram {
  const known = programs.get(pattern);
  if (known !== undefined) return known;
  const program = compileRegex(pattern);
  programs.set(pattern, program);
  return program;
}

type Slots = readonly number[];

function emptySlots({ slots }: RegexProgram): Slots {
  return new Array<number>(slots).fill(-1);
}

function toResult({ groups }: RegexProgram, text: string, slots: Slots): RegExpExecArray {
  const matches: (string | undefined)[] = [];
  for (let group = 0; group <= groups; group += 1) matches.push(groupText(text, slots, group));
  return Object.assign(matches, { index: slots[0] ?? 0, input: text }) as RegExpExecArray;
}

function groupText(text: string, slots: Slots, group: number): string | undefined {
  const from = slots[2 * group] ?? -1;
  const to = slots[2 * group + 1] ?? -1;
  return from < 0 || to < 0 ? undefined : text.slice(from, to);
}

/** Where to go on when the present way fails: at `pc`, from `position` down to `floor`. */
interface Choice {
  readonly pc: number;
  position: number;
  readonly floor: number;
  readonly slots: Slots;
}

class Matcher {
  readonly #program: RegexProgram;
  readonly #text: string;
  readonly #spend: Spend;

  constructor(program: RegexProgram, text: string, spend: Spend) {
    this.#program = program;
    this.#text = text;
    this.#spend = spend;
  }

  /** The slots of the first way to an `accept`, or null. Lookaheads run inside; their depth is that of the pattern. */
  run(from: number, start: number, initial: Slots): Slots | null {
    const text = this.#text;
    const choices: Choice[] = [];
    let pc = from;
    let position = start;
    let slots = initial;
    for (;;) {
      this.#spend(1);
      const instruction = this.#program.instructions[pc];
      if (instruction === undefined) throw new Error("a pattern ran past its end");
      let next = pc + 1;
      switch (instruction.op) {
        case "accept":
          return slots;
        case "character":
          if (position < text.length && instruction.test(text.charAt(position))) position += 1;
          else next = -1;
          break;
        case "span": {
          const end = this.#spanEnd(position, instruction);
          const floor = position + instruction.least;
          if (end < floor) next = -1;
          else {
            if (end > floor) choices.push({ pc: next, position: end - 1, floor, slots });
            position = end;
          }
          break;
        }
        case "split":
          choices.push({ pc: instruction.second, position, floor: position, slots });
          next = instruction.first;
          break;
        case "jump":
          next = instruction.to;
          break;
        case "save":
          slots = slots.with(instruction.slot, position);
          break;
        case "clear":
          slots = slots.map((place, slot) => (slot >= instruction.from && slot <= instruction.to ? -1 : place));
          break;
        case "progress":
          if (slots[instruction.slot] === position) next = -1;
          break;
        case "start":
          if (!this.#isStart(position)) next = -1;
          break;
        case "end":
          if (!this.#isEnd(position)) next = -1;
          break;
        case "boundary":
          if (this.#isBoundary(position) === instruction.negated) next = -1;
          break;
        case "lookahead": {
          const inner = this.run(pc + 1, position, slots);
          if ((inner !== null) === instruction.negated) next = -1;
          else {
            next = instruction.to;
            if (inner !== null) slots = inner;
          }
          break;
        }
        case "backreference": {
          const length = this.#repeats(position, groupText(text, slots, instruction.index) ?? "");
          if (length < 0) next = -1;
          else position += length;
          break;
        }
      }
      if (choices.length > MAX_CHOICES) throw { message: "The pattern needs too much memory for this text" };
      if (next >= 0) {
        pc = next;
        continue;
      }
      const choice = choices.at(-1);
      if (choice === undefined) return null;
      ({ pc, position, slots } = choice);
      if (choice.position > choice.floor) choice.position -= 1;
      else choices.pop();
    }
  }

  #spanEnd(start: number, { test, most }: { test: (c: string) => boolean; most: number }): number {
    const limit = Math.min(this.#text.length, start + most);
    let end = start;
    while (end < limit && test(this.#text.charAt(end))) end += 1;
    this.#spend(end - start);
    return end;
  }

  #isStart(position: number): boolean {
    return position === 0 || (this.#program.multiline && isLineEnd(this.#text.charAt(position - 1)));
  }

  #isEnd(position: number): boolean {
    return position === this.#text.length || (this.#program.multiline && isLineEnd(this.#text.charAt(position)));
  }

  #isBoundary(position: number): boolean {
    return isWordCharacter(this.#text.charAt(position - 1)) !== isWordCharacter(this.#text.charAt(position));
  }

  /** The length of `group` where the text repeats it here, else -1. */
  #repeats(position: number, group: string): number {
    this.#spend(group.length);
    const here = this.#text.slice(position, position + group.length);
    const isSame = this.#program.ignoreCase ? here.toUpperCase() === group.toUpperCase() : here === group;
    return isSame ? group.length : -1;
  }
}

function isLineEnd(c: string): boolean {
  return c === "\n" || c === "\r" || c === "\u2028" || c === "\u2029";
}
