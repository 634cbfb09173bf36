import jsonata from "jsonata";
import { canonicalJson, type Json } from "../../kernel/json.ts";
import {
  decodeBase64,
  encodeBase64,
  hash,
  type Outcome,
  parseJson,
  partition,
  range,
  seededRandom,
} from "./intrinsic-functions.ts";
import { plainJson } from "./plain-json.ts";
import type { Chance } from "./scope.ts";

// Functions that AWS adds to JSONata, and functions of the library that would reach for clock or chance, take quadratic
// time, or build text without bound.

/** Four times the largest payload. */
const MAX_TEXT = 1_048_576;
/** A date with every component spelled out has some sixty characters. */
const MAX_DATE_LENGTH = 100;
const MAX_PICTURE_LENGTH = 256;
/** A hundred characters divide into four open components in some hundred thousand ways. */
const MAX_LOOSE_JOINTS = 3;
/** Roman numerals are spelled out one thousand at a time. */
const MAX_ROMAN = 1_000_000;

type Native = (this: jsonata.Focus, ...given: unknown[]) => unknown;
interface NativeFunctions {
  readonly fromMillis: Native;
  readonly toMillis: Native;
  readonly formatInteger: Native;
  readonly replace: Native;
}

let natives: NativeFunctions | null = null;

/** The library hands out its own functions only inside an evaluation, so one is run for that; later calls return at once. */
export function nativeFunctions(): Promise<void> | undefined {
  if (natives !== null) return undefined;
  const probe = jsonata("$capture()");
  probe.registerFunction("capture", function capture() {
    natives = {
      fromMillis: nativeFunction(this, "fromMillis"),
      toMillis: nativeFunction(this, "toMillis"),
      formatInteger: nativeFunction(this, "formatInteger"),
      replace: nativeFunction(this, "replace"),
    };
  });
  return probe.evaluate(undefined);
}

function nativeFunction(focus: jsonata.Focus, name: string): Native {
  return (focus.environment.lookup(name) as { implementation: Native }).implementation;
}

function captured(): NativeFunctions {
  if (natives === null) throw new Error("nativeFunctions() must be awaited first");
  return natives;
}

export function registerFunctions(expression: jsonata.Expression, chance: () => Chance): void {
  expression.assign("eval", undefined);

  expression.registerFunction("now", now(chance), "<s?s?:s>");
  expression.registerFunction("fromMillis", fromMillis, "<n-s?s?:s>");
  expression.registerFunction("toMillis", toMillis(chance), "<s-s?:n>");
  expression.registerFunction("millis", () => chance().now().getTime(), "<:n>");
  expression.registerFunction(
    "random",
    (seed?: number) => (seed === undefined ? chance().random() : seededRandom(seed)),
    "<n?:n>",
  );
  expression.registerFunction("uuid", () => chance().uuid(), "<:s>");
  expression.registerFunction("shuffle", (items?: unknown[]) => items && shuffled(items, chance()), "<a:a>");

  expression.registerFunction("partition", (items?: Json[], size?: number) => {
    return items === undefined || size === undefined ? undefined : unwrap("partition", partition(items, size));
  });
  expression.registerFunction("range", rangeSequence, "<nnn:x>");
  expression.registerFunction("hash", (data: unknown, algorithm?: string) => {
    const value = plainJson(data);
    return value === undefined || algorithm === undefined ? undefined : unwrap("hash", hash(value, algorithm));
  });
  expression.registerFunction(
    "parse",
    (text?: string) => {
      return text === undefined ? undefined : unwrap("parse", parseJson(text));
    },
    "<s-:x>",
  );

  expression.registerFunction("distinct", distinct, "<x:x>");
  expression.registerFunction("base64encode", (text?: string) => text && encodeBase64(text), "<s-:s>");
  expression.registerFunction(
    "base64decode",
    (text?: string) => text && unwrap("base64decode", decodeBase64(text)),
    "<s-:s>",
  );
  expression.registerFunction("pad", pad, "<s-ns?:s>");
  expression.registerFunction("join", join, "<a<s>s?:s>");
  expression.registerFunction("replace", replace, "<s-(sf)(sf)n?:s>");
  expression.registerFunction("formatInteger", formatInteger, "<n-s:s>");
}

function now(chance: () => Chance) {
  return function now(this: jsonata.Focus, picture?: string, zone?: string): unknown {
    return fromMillis.call(this, chance().now().getTime(), picture, zone);
  };
}

function fromMillis(this: jsonata.Focus, ms?: number, picture?: string, zone?: string): unknown {
  requireCalmPicture(picture);
  return captured().fromMillis.call(this, ms, picture, zone);
}

/** What a text leaves out (the year, the day) is taken from the clock, so the library is shown ours. */
function toMillis(chance: () => Chance) {
  return function toMillis(this: jsonata.Focus, text?: string, picture?: string): unknown {
    requireCalmPicture(picture);
    if (picture !== undefined && (text?.length ?? 0) > MAX_DATE_LENGTH) return undefined;
    const focus = { ...this, environment: { ...this.environment, timestamp: chance().now() } };
    return captured().toMillis.call(focus, text, picture);
  };
}

/**
 * The library turns a picture into one native pattern. Components of open width side by side can divide the digits in many
 * ways, so few of those are allowed; and a width is a number of characters to be written.
 */
function requireCalmPicture(picture = ""): void {
  const looseJoints = picture.match(/\[[A-Za-z](?!0)[^\]]*\](?=[[0-9A-Za-z])/g)?.length ?? 0;
  if (picture.length > MAX_PICTURE_LENGTH || looseJoints > MAX_LOOSE_JOINTS || /,[^\]]*\d{3}/.test(picture)) {
    throw { message: "The picture of a date is too long or too loose" };
  }
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

/** One item comes back bare, as a sequence of JSONata would. */
function rangeSequence(first?: number, last?: number, step?: number): unknown {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const items = unwrap("range", range(first, last, step)) as Json[];
  return items.length === 1 ? items[0] : items;
}

function unwrap(name: string, outcome: Outcome): Json {
  if ("failure" in outcome) throw { message: `$${name}: ${outcome.failure}` };
  return outcome.value;
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

function pad(text?: string, width?: number, fill?: string): string | undefined {
  if (text === undefined || width === undefined) return text;
  requireLength(Math.abs(width));
  const missing = Math.abs(Math.trunc(width)) - [...text].length;
  if (missing <= 0) return text;
  const characters = [...(fill === undefined || fill === "" ? " " : fill)];
  const padding = Array.from({ length: missing }, (_, i) => characters[i % characters.length]).join("");
  return width > 0 ? text + padding : padding + text;
}

function join(texts?: string[], separator = ""): string | undefined {
  if (texts === undefined) return undefined;
  requireLength(texts.reduce((length, text) => length + text.length + separator.length, 0));
  return texts.join(separator);
}

/** A text has at most length + 1 places where something can be put in. */
function replace(
  this: jsonata.Focus,
  text?: string,
  pattern?: unknown,
  replacement?: unknown,
  limit?: number,
): unknown {
  if (text !== undefined && typeof replacement === "string") {
    const places = typeof pattern === "string" ? text.split(pattern).length : text.length + 1;
    requireLength(text.length + Math.min(places, limit ?? places) * replacement.length);
  }
  return captured().replace.call(this, text, pattern, replacement, limit);
}

function formatInteger(this: jsonata.Focus, value?: number, picture?: string): unknown {
  if (value !== undefined && /^[iI]/.test(picture ?? "") && Math.abs(value) > MAX_ROMAN) {
    throw { message: `Numbers above ${MAX_ROMAN} are not written in Roman numerals` };
  }
  return captured().formatInteger.call(this, value, picture);
}

function requireLength(length: number): void {
  if (length > MAX_TEXT) throw { message: `The text is longer than ${MAX_TEXT} characters` };
}
