import type jsonata from "jsonata";
import type { Native, Parameters, Spend } from "./jsonata-natives.ts";
import { BUILT_A_STEP, isTooHeavy, type Scale, weightOf } from "./weight.ts";

/** In the time of a step: characters of a text that a function makes, which takes a byte or two for each. */
const WRITTEN_A_STEP = 128;
/** Characters that are looked through. */
const READ_A_STEP = 512;
/** Looking for a plain value in a list is quicker than anything else that is done with one. */
const SCANNED_A_STEP = 4_096;
/** Items that are copied in the time of a step. */
const COPIED_A_STEP = 256;
/** A function that was given some of its arguments is a parsed one of its own. */
const PARTIAL_STEPS = 100;

/** Functions that do not look at the whole of what they are given, or pay for it themselves. */
const GLANCING = new Set(["append", "count", "exists", "lookup", "not", "type", "zip"]);

export type Node = Omit<jsonata.ExprNode, "lhs" | "rhs"> & Readonly<Record<string, unknown>>;

/**
 * What the nodes and functions of one expression cost beyond a step a node. What is built is paid for when it is there, since it
 * can be no larger than what may be held; what is handed to a function or compared is paid for by its size; and where the library
 * copies a list for each item that it adds, so is that. Functions pay where they are called, not at nodes: at the tail of a lambda,
 * and in the hands of another function, the library calls them without one.
 */
export class Bill {
  /** Nodes whose value is looked through, with the characters of it that a step pays for. */
  readonly #operands = new WeakMap<object, number>();
  /** Nodes that give the keys of a grouping, with how often each key has come; and the groupings, with their keys' nodes. */
  readonly #counts = new Map<object, Map<string, number>>();
  readonly #groupings = new Map<object, readonly object[]>();
  #groups = 0;
  readonly #scale: Scale = { fresh: 0 };
  readonly #spend: Spend;

  /** `spend` throws where it was too much. */
  constructor(ast: object, spend: Spend) {
    this.#spend = spend;
    for (const node of nodesBelow(ast)) {
      this.#markOperands(node);
      for (const filter of filtersOf(node)) this.#operands.set(filter, READ_A_STEP);
      const keys = keysOf(node);
      if (keys.length > 0) this.#groupings.set(node, keys);
      for (const key of keys) this.#counts.set(key, new Map());
    }
  }

  /** How many groups the groupings under way have, whose values are all evaluated at once. */
  get groups(): number {
    return this.#groups;
  }

  /** Of a node that was just evaluated. */
  payFor(node: Node, input: unknown, value: unknown): void {
    const rate = this.#operands.get(node);
    const read = rate === undefined ? 0 : weightOf(value) / rate;
    const copied = copies(node, input, value) + this.#grouped(node, value);
    const parsed = (node.type as string) === "partial" ? PARTIAL_STEPS : 0;
    const steps = Math.floor(this.#built(value) + read + copied / COPIED_A_STEP + parsed);
    if (steps > 0) this.#spend(steps);
  }

  /** The same function, which pays for what it is given and what it makes of it. */
  paid(name: string, implementation: Native, parameters: Parameters): Native {
    const bill = this;
    const isGlancing = GLANCING.has(name);
    function paid(this: jsonata.Focus, ...given: never[]): unknown {
      if (!isGlancing) bill.#payForReading(given);
      const made = implementation.apply(this, given);
      return made instanceof Promise ? made.then((value) => bill.#paidFor(value)) : bill.#paidFor(made);
    }
    // The library counts what a function takes, and finds the names in its source.
    return Object.defineProperties(paid, {
      length: { value: parameters.count },
      toString: { value: () => `(${parameters.names.join(", ")})` },
    });
  }

  #payForReading(given: readonly unknown[]): void {
    let weight = 0;
    for (const value of given) if (value !== undefined) weight += weightOf(value);
    this.#spend(weight / READ_A_STEP);
  }

  #paidFor(value: unknown): unknown {
    this.#spend(typeof value === "string" ? value.length / WRITTEN_A_STEP : this.#built(value));
    return value;
  }

  #built(value: unknown): number {
    this.#scale.fresh = 0;
    if (isTooHeavy(value, this.#scale)) throw { message: "A value is too large" };
    return this.#scale.fresh / BUILT_A_STEP;
  }

  #markOperands(node: Node): void {
    const rate = node.value === "in" ? SCANNED_A_STEP : READ_A_STEP;
    for (const operand of operandsOf(node)) this.#operands.set(operand, rate);
  }

  /** The list of a key grows by a copy with each item. */
  #grouped(node: Node, value: unknown): number {
    for (const key of this.#groupings.get(node) ?? NONE) {
      this.#groups -= this.#counts.get(key)?.size ?? 0;
      this.#counts.get(key)?.clear();
    }
    const counts = this.#counts.get(node);
    if (counts === undefined || typeof value !== "string") return 0;
    const count = (counts.get(value) ?? 0) + 1;
    if (count === 1) this.#groups += 1;
    counts.set(value, count);
    return count;
  }
}

/** Lists that grow by a copy with each of their parts: those of `*`, and those that are written out. */
function copies({ type, value: symbol, expressions }: Node, input: unknown, value: unknown): number {
  if (!Array.isArray(value)) return 0;
  if (type === "unary" && symbol === "[") return (value.length * (expressions?.length ?? 0)) / 2;
  if ((type as string) !== "wildcard" || typeof input !== "object" || input === null) return 0;
  return (value.length * Object.values(input).filter(Array.isArray).length) / 2;
}

const NONE: readonly object[] = [];

function operandsOf({ type, value, lhs, rhs }: Node): readonly object[] {
  const isReading = type === "binary" && (value === "=" || value === "!=" || value === "in");
  return isReading ? ([lhs, rhs] as object[]) : NONE;
}

/** A filter that gives positions is asked for each of them. */
function filtersOf({ predicate, stages }: Node): object[] {
  const filters = [predicate, stages].flat() as ({ readonly expr?: object } | undefined)[];
  return filters.flatMap((filter) => filter?.expr ?? []);
}

/** `{key: value}`, by itself or behind a path. */
function keysOf({ type, value, lhs, group }: Node): object[] {
  const pairs = type === "unary" && value === "{" ? lhs : (group as { lhs?: unknown } | undefined)?.lhs;
  return Array.isArray(pairs) ? (pairs as [object, object][]).map(([key]) => key) : [];
}

/** With a stack of its own, since a parsed expression refers to itself here and there. */
export function nodesBelow(ast: object): Set<Node> {
  const found = new Set<Node>([ast as Node]);
  for (const node of found) {
    for (const part of Object.values(node)) {
      if (typeof part === "object" && part !== null) found.add(part as Node);
    }
  }
  return found;
}
