import type jsonata from "jsonata";
import { canonicalJson } from "../../kernel/json.ts";
import { type Focus, type Native, native, type Spend } from "./jsonata-natives.ts";
import { plainJson } from "./plain-json.ts";
import type { Chance } from "./scope.ts";

// Functions of the library that take quadratic time in long lists, or memory without bound, or chance.

/** Items that are copied, or looked at, in the time of a step. */
const COPIED_A_STEP = 256;
const VISITED_A_STEP = 32;
const ZIPPED_A_STEP = 8;

export function sequences(chance: () => Chance, spend: Spend) {
  return {
    append: append(spend),
    lookup: lookup(spend),
    zip: zip(spend),
    spread,
    sort,
    distinct,
    shuffle: (items?: unknown[]) => items && shuffled(items, chance()),
  } satisfies Record<string, Native>;
}

/** In a `$reduce`, what was appended before is copied each time. */
function append(spend: Spend) {
  return function append(this: jsonata.Focus, left?: unknown, right?: unknown): unknown {
    for (const side of [left, right]) if (Array.isArray(side)) spend(side.length / COPIED_A_STEP);
    return native("append", this, left, right);
  };
}

function lookup(spend: Spend) {
  return function lookup(this: jsonata.Focus, input?: unknown, key?: string): unknown {
    if (Array.isArray(input)) spend(input.length / VISITED_A_STEP);
    return native("lookup", this, input, key);
  };
}

/** The same list may be given a thousand times. */
function zip(spend: Spend) {
  return function zip(...lists: unknown[][]): unknown[][] {
    const length = Math.min(...lists.map((list) => (Array.isArray(list) ? list.length : 0)));
    spend((length * lists.length) / ZIPPED_A_STEP);
    return Array.from({ length }, (_, i) => lists.map((list) => list[i]));
  };
}

/** Linear, where the library copies what it has for each item. */
function spread(this: jsonata.Focus, given?: unknown): unknown {
  if (typeof given !== "object" || given === null || "_jsonata_lambda" in given) return given;
  const members = (this as Focus).createSequence();
  const take = (item: unknown): void => {
    if (Array.isArray(item)) for (const inner of item) take(inner);
    else if (typeof item !== "object" || item === null) members.push(item);
    else for (const [name, value] of Object.entries(item)) members.push({ [name]: value });
  };
  take(given);
  return members;
}

/** Where no function compares. The library's merge sort copies and recurses with each item, beyond the memory of an isolate. */
function sort(this: jsonata.Focus, items?: unknown[], isAfter?: unknown): unknown {
  if (items === undefined || items.length < 2 || isAfter !== undefined) {
    return native("sort", this, items, isAfter);
  }
  const [first] = items;
  const isSortable = typeof first === "number" || typeof first === "string";
  if (!isSortable || !items.every((item) => typeof item === typeof first)) throw { code: "D3070", index: 1 };
  return [...(items as string[])].sort((a, b) => (a > b ? 1 : a < b ? -1 : 0));
}

/** Linear, where the library compares every pair. */
function distinct(items: unknown): unknown {
  if (!Array.isArray(items) || items.length < 2) return items;
  const seen = new Set<string>();
  return items.filter((item) => {
    const value = plainJson(item);
    if (value === undefined) return true;
    const key = canonicalJson(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Fisher-Yates. */
function shuffled(items: readonly unknown[], chance: Chance): unknown[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(chance.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
