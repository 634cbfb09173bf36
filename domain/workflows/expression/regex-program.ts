import { type CharacterTest, parseRegex, type RegexNode, UnsupportedPattern } from "./regex-syntax.ts";

export type Instruction =
  | { readonly op: "character"; readonly test: CharacterTest }
  /** As many characters as fit, at most `most`, giving them back one by one. */
  | { readonly op: "span"; readonly test: CharacterTest; readonly least: number; readonly most: number }
  | { readonly op: "split"; readonly first: number; readonly second: number }
  | { readonly op: "jump"; readonly to: number }
  /** Writes the place in the text into a slot. */
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "clear"; readonly from: number; readonly to: number }
  /** Fails where the round that began at the slot has matched nothing (ECMA-262: RepeatMatcher, step 2.b). */
  | { readonly op: "progress"; readonly slot: number }
  | { readonly op: "start" | "end" | "accept" }
  | { readonly op: "boundary"; readonly negated: boolean }
  /** Runs what follows up to its `accept`, then goes on at `to`. */
  | { readonly op: "lookahead"; readonly negated: boolean; readonly to: number }
  | { readonly op: "backreference"; readonly index: number };

export interface RegexProgram {
  readonly instructions: readonly Instruction[];
  /** Two for the whole match and for each group, then one for each loop. */
  readonly slots: number;
  readonly groups: number;
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
}

/** `(a{100}){100}` is written out in full; this is where that ends. */
const MAX_INSTRUCTIONS = 10_000;

export function compileRegex(pattern: RegExp): RegexProgram {
  const { root, groups } = parseRegex(pattern.source, pattern.ignoreCase);
  const compiler = new Compiler(groups);
  compiler.whole(root);
  return {
    instructions: compiler.instructions,
    slots: compiler.slots,
    groups,
    ignoreCase: pattern.ignoreCase,
    multiline: pattern.multiline,
  };
}

class Compiler {
  readonly instructions: Instruction[] = [];
  readonly #groups: number;
  slots: number;

  constructor(groups: number) {
    this.#groups = groups;
    this.slots = 2 * (groups + 1);
  }

  whole(root: RegexNode): void {
    this.#emit({ op: "save", slot: 0 });
    this.#node(root);
    this.#emit({ op: "save", slot: 1 });
    this.#emit({ op: "accept" });
  }

  #emit(instruction: Instruction): number {
    if (this.instructions.length >= MAX_INSTRUCTIONS) throw new UnsupportedPattern("The pattern is too large");
    return this.instructions.push(instruction) - 1;
  }

  #node(node: RegexNode): void {
    switch (node.kind) {
      case "character":
        this.#emit({ op: "character", test: node.test });
        return;
      case "sequence":
        for (const part of node.nodes) this.#node(part);
        return;
      case "alternatives":
        this.#alternatives(node.nodes);
        return;
      case "group":
        this.#emit({ op: "save", slot: 2 * node.index });
        this.#node(node.node);
        this.#emit({ op: "save", slot: 2 * node.index + 1 });
        return;
      case "repeat":
        this.#repeat(node);
        return;
      case "lookahead": {
        const at = this.#emit({ op: "accept" });
        this.#node(node.node);
        this.#emit({ op: "accept" });
        this.instructions[at] = { op: "lookahead", negated: node.negated, to: this.instructions.length };
        return;
      }
      case "backreference":
        // A number above the last group is an octal escape in old JavaScript, which nobody means.
        if (node.index > this.#groups) throw new UnsupportedPattern(`There is no group ${node.index}`);
        this.#emit({ op: "backreference", index: node.index });
        return;
      case "start":
      case "end":
        this.#emit({ op: node.kind });
        return;
      case "boundary":
        this.#emit({ op: "boundary", negated: node.negated });
        return;
    }
  }

  #alternatives(nodes: readonly RegexNode[]): void {
    const exits: number[] = [];
    for (const [i, node] of nodes.entries()) {
      const isLast = i === nodes.length - 1;
      const split = isLast ? -1 : this.#emit({ op: "accept" });
      this.#node(node);
      if (isLast) continue;
      exits.push(this.#emit({ op: "accept" }));
      this.instructions[split] = { op: "split", first: split + 1, second: this.instructions.length };
    }
    for (const exit of exits) this.instructions[exit] = { op: "jump", to: this.instructions.length };
  }

  #repeat(repeat: Extract<RegexNode, { kind: "repeat" }>): void {
    const { node, least, most, greedy } = repeat;
    if (node.kind === "character" && greedy) {
      this.#emit({ op: "span", test: node.test, least, most });
      return;
    }
    for (let i = 0; i < least; i += 1) this.#round(repeat);
    const slot = this.slots;
    this.slots += 1;
    const splits: number[] = [];
    const optional = most === Number.POSITIVE_INFINITY ? 1 : most - least;
    for (let i = 0; i < optional; i += 1) {
      splits.push(this.#emit({ op: "accept" }));
      this.#emit({ op: "save", slot });
      this.#round(repeat);
      this.#emit({ op: "progress", slot });
    }
    const [loop] = splits;
    if (most === Number.POSITIVE_INFINITY && loop !== undefined) this.#emit({ op: "jump", to: loop });
    for (const split of splits) this.instructions[split] = this.#choice(split + 1, this.instructions.length, greedy);
  }

  #round({ node, groups: [from, to] }: Extract<RegexNode, { kind: "repeat" }>): void {
    if (from <= to) this.#emit({ op: "clear", from: 2 * from, to: 2 * to + 1 });
    this.#node(node);
  }

  #choice(inside: number, after: number, greedy: boolean): Instruction {
    return greedy ? { op: "split", first: inside, second: after } : { op: "split", first: after, second: inside };
  }
}
