import { Scanner } from "./scanner.ts";

/** A JavaScript regular expression (flags `i` and `m` at most, which is what JSONata has) as a tree. */
export type RegexNode =
  | { readonly kind: "character"; readonly test: CharacterTest }
  | { readonly kind: "sequence"; readonly nodes: readonly RegexNode[] }
  | { readonly kind: "alternatives"; readonly nodes: readonly RegexNode[] }
  | { readonly kind: "group"; readonly index: number; readonly node: RegexNode }
  | {
      readonly kind: "repeat";
      readonly node: RegexNode;
      readonly least: number;
      readonly most: number;
      readonly greedy: boolean;
      /** The groups inside: each round starts with them empty. */
      readonly groups: readonly [from: number, to: number];
    }
  | { readonly kind: "lookahead"; readonly node: RegexNode; readonly negated: boolean }
  | { readonly kind: "backreference"; readonly index: number }
  | { readonly kind: "start" | "end" }
  | { readonly kind: "boundary"; readonly negated: boolean };

export type CharacterTest = (character: string) => boolean;

export interface RegexTree {
  readonly root: RegexNode;
  readonly groups: number;
}

/** What a pattern may not hold here. JavaScript's own compiler has already refused what is malformed. */
export class UnsupportedPattern extends Error {}

/** Far beyond use, far below the stack. */
const MAX_DEPTH = 50;
/** A thread of the matcher carries two places a group. */
const MAX_GROUPS = 50;

const CONTROL: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", v: "\v", f: "\f", "0": "\0" };
const CLASSES: Readonly<Record<string, CharacterTest>> = {
  d: (c) => c >= "0" && c <= "9",
  D: (c) => c < "0" || c > "9",
  w: isWordCharacter,
  W: (c) => !isWordCharacter(c),
  s: (c) => /\s/.test(c),
  S: (c) => /\S/.test(c),
};

export function isWordCharacter(c: string): boolean {
  return (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || (c >= "0" && c <= "9") || c === "_";
}

export function parseRegex(source: string, ignoreCase: boolean): RegexTree {
  const reader = new RegexReader(source, ignoreCase);
  const root = reader.alternatives(0);
  return { root, groups: reader.groups };
}

class RegexReader {
  readonly #scanner: Scanner;
  readonly #ignoreCase: boolean;
  groups = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#scanner = new Scanner(source);
    this.#ignoreCase = ignoreCase;
  }

  alternatives(depth: number): RegexNode {
    if (depth > MAX_DEPTH) throw new UnsupportedPattern("The pattern is nested too deep");
    const nodes = [this.#sequence(depth)];
    while (this.#scanner.take("|")) nodes.push(this.#sequence(depth));
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : { kind: "alternatives", nodes };
  }

  #sequence(depth: number): RegexNode {
    const nodes: RegexNode[] = [];
    while (!this.#scanner.atEnd() && this.#scanner.peek() !== "|" && this.#scanner.peek() !== ")") {
      const before = this.groups;
      nodes.push(this.#quantified(this.#atom(depth), before));
    }
    return { kind: "sequence", nodes };
  }

  #quantified(node: RegexNode, groupsBefore: number): RegexNode {
    const mark = this.#scanner.match(/[*+?]|\{\d+(?:,\d*)?\}/y);
    if (mark === null) return node;
    const [least, most] = bounds(mark);
    const greedy = !this.#scanner.take("?");
    return { kind: "repeat", node, least, most, greedy, groups: [groupsBefore + 1, this.groups] };
  }

  #atom(depth: number): RegexNode {
    const character = this.#scanner.next();
    switch (character) {
      case "(":
        return this.#group(depth);
      case "[":
        return { kind: "character", test: this.#class() };
      case ".":
        return { kind: "character", test: (c) => c !== "\n" && c !== "\r" && c !== "\u2028" && c !== "\u2029" };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "\\":
        return this.#escape();
      default:
        return this.#literal(character);
    }
  }

  #group(depth: number): RegexNode {
    const mark = this.#scanner.match(/\?(?::|=|!|<=|<!|<)/y);
    if (mark === "?<=" || mark === "?<!") throw new UnsupportedPattern("Lookbehind is not supported");
    if (mark === "?<") throw new UnsupportedPattern("Named groups are not supported");
    if (this.#scanner.peek() === "?") throw new UnsupportedPattern("This kind of group is not supported");
    const index = mark === null ? this.#nextGroup() : 0;
    const node = this.alternatives(depth + 1);
    this.#scanner.expect(")");
    if (mark === null) return { kind: "group", index, node };
    return mark === "?:" ? node : { kind: "lookahead", node, negated: mark === "?!" };
  }

  #nextGroup(): number {
    this.groups += 1;
    if (this.groups > MAX_GROUPS) throw new UnsupportedPattern(`The pattern has more than ${MAX_GROUPS} groups`);
    return this.groups;
  }

  #escape(): RegexNode {
    if (this.#scanner.take("b")) return { kind: "boundary", negated: false };
    if (this.#scanner.take("B")) return { kind: "boundary", negated: true };
    const index = this.#scanner.match(/[1-9]\d?/y);
    if (index !== null) return { kind: "backreference", index: Number(index) };
    const name = this.#scanner.next();
    const known = CLASSES[name];
    return known === undefined ? this.#literal(this.#escaped(name)) : { kind: "character", test: known };
  }

  /** The character an escape stands for; `name` is what follows the backslash. */
  #escaped(name: string): string {
    if (name === "k") throw new UnsupportedPattern("Named groups are not supported");
    const hex = this.#scanner.match(name === "x" ? /[0-9A-Fa-f]{2}/y : name === "u" ? /[0-9A-Fa-f]{4}/y : /(?!)/y);
    if (hex !== null) return String.fromCharCode(Number.parseInt(hex, 16));
    const letter = name === "c" ? this.#scanner.match(/[A-Za-z]/y) : null;
    if (letter !== null) return String.fromCharCode(letter.charCodeAt(0) % 32);
    return CONTROL[name] ?? name;
  }

  #literal(character: string): RegexNode {
    if (!this.#ignoreCase) return { kind: "character", test: (c) => c === character };
    const folded = character.toUpperCase();
    return { kind: "character", test: (c) => c.toUpperCase() === folded };
  }

  #class(): CharacterTest {
    const negated = this.#scanner.take("^");
    const tests: CharacterTest[] = [];
    while (!this.#scanner.take("]")) tests.push(this.#classItem());
    const included: CharacterTest = (c) => tests.some((test) => test(c));
    const test: CharacterTest = this.#ignoreCase
      ? (c) => included(c) || included(c.toLowerCase()) || included(c.toUpperCase())
      : included;
    return negated ? (c) => !test(c) : test;
  }

  #classItem(): CharacterTest {
    const first = this.#classAtom();
    if (typeof first !== "string") return first;
    if (this.#scanner.match(/-(?!\])/y) === null) return (c) => c === first;
    const last = this.#classAtom();
    if (typeof last === "string") return (c) => c >= first && c <= last;
    return (c) => c === first || c === "-" || last(c);
  }

  #classAtom(): string | CharacterTest {
    const character = this.#scanner.next();
    if (character !== "\\") return character;
    const name = this.#scanner.next();
    if (name === "b") return "\b";
    return CLASSES[name] ?? this.#escaped(name);
  }
}

function bounds(mark: string): [number, number] {
  if (mark === "*") return [0, Number.POSITIVE_INFINITY];
  if (mark === "+") return [1, Number.POSITIVE_INFINITY];
  if (mark === "?") return [0, 1];
  const [least = "0", most] = mark.slice(1, -1).split(",");
  if (most === undefined) return [Number(least), Number(least)];
  return [Number(least), most === "" ? Number.POSITIVE_INFINITY : Number(most)];
}
