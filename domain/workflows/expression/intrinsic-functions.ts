import { type HashAlgorithm, hexDigest } from "../../kernel/digest.ts";
import { canonicalJson, isJsonObject, type Json, jsonEquals } from "../../kernel/json.ts";
import { isTooDeep } from "./json-depth.ts";
import type { Chance } from "./scope.ts";

// ASL "Intrinsic Functions". Kinds are checked before `apply` runs, so each function may rely on its arguments.

export type ArgumentKind = "any" | "array" | "boolean" | "number" | "object" | "string";

export interface Parameter {
  readonly kind: ArgumentKind;
  readonly presence: "required" | "optional" | "repeated";
}

export type Outcome = { readonly value: Json } | { readonly failure: string };

export interface IntrinsicFunction {
  readonly parameters: readonly Parameter[];
  /** `pieces`: the first argument cut at its unescaped `{}`, where it is a literal string. */
  readonly apply: (given: readonly Json[], chance: Chance, pieces: readonly string[] | undefined) => Outcome;
}

/** Bounds of the AWS documentation for the functions of the same name. */
const MAX_TEXT_LENGTH = 10_000;
const MAX_RANGE_ITEMS = 1_000;

const HASH_ALGORITHMS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ["MD5", "md5"],
  ["SHA-1", "sha1"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
]);

function required(...kinds: ArgumentKind[]): Parameter[] {
  return kinds.map((kind) => ({ kind, presence: "required" }));
}

export const INTRINSIC_FUNCTIONS: ReadonlyMap<string, IntrinsicFunction> = new Map(
  Object.entries<IntrinsicFunction>({
    "States.Array": {
      parameters: [{ kind: "any", presence: "repeated" }],
      apply: (items) => ({ value: [...items] }),
    },
    "States.ArrayPartition": {
      parameters: required("array", "number"),
      apply: ([items, size]) => partition(items as Json[], size as number),
    },
    "States.ArrayContains": {
      parameters: required("array", "any"),
      apply: ([items, wanted]) => ({ value: (items as Json[]).some((item) => jsonEquals(item, wanted as Json)) }),
    },
    "States.ArrayRange": {
      parameters: required("number", "number", "number"),
      apply: ([first, last, step]) => range(first as number, last as number, step as number),
    },
    "States.ArrayGetItem": {
      parameters: required("array", "number"),
      apply: ([items, index]) => {
        const item = (items as Json[])[index as number];
        return item === undefined ? { failure: `The index ${index} is not inside the array` } : { value: item };
      },
    },
    "States.ArrayLength": {
      parameters: required("array"),
      apply: ([items]) => ({ value: (items as Json[]).length }),
    },
    "States.ArrayUnique": {
      parameters: required("array"),
      apply: ([items]) => ({ value: unique(items as Json[]) }),
    },
    "States.Base64Encode": {
      parameters: required("string"),
      apply: ([text]) => bounded(text as string, () => ({ value: encodeBase64(text as string) })),
    },
    "States.Base64Decode": {
      parameters: required("string"),
      apply: ([text]) => bounded(text as string, () => decodeBase64(text as string)),
    },
    "States.Hash": {
      parameters: required("any", "string"),
      apply: ([data, algorithm]) => hash(data as Json, algorithm as string),
    },
    "States.JsonMerge": {
      parameters: required("object", "object", "boolean"),
      apply: ([left, right, deep]) => merge(left as Json, right as Json, deep as boolean),
    },
    "States.StringToJson": {
      parameters: required("string"),
      apply: ([text]) => parseJson(text as string),
    },
    "States.JsonToString": {
      parameters: required("any"),
      apply: ([value]) => ({ value: JSON.stringify(value) }),
    },
    "States.MathRandom": {
      parameters: [...required("number", "number"), { kind: "number", presence: "optional" }],
      apply: ([from, to, seed], chance) => {
        const first = roundHalfUp(from as number);
        const end = roundHalfUp(to as number);
        if (end <= first) return { failure: "The start must be less than the end" };
        const random = typeof seed === "number" ? seededRandom(seed) : chance.random();
        return { value: first + Math.floor(random * (end - first)) };
      },
    },
    "States.MathAdd": {
      parameters: required("number", "number"),
      apply: ([a, b]) => ({ value: roundHalfUp(a as number) + roundHalfUp(b as number) }),
    },
    "States.StringSplit": {
      parameters: required("string", "string"),
      apply: ([text, separators]) => ({ value: split(text as string, separators as string) }),
    },
    "States.UUID": {
      parameters: [],
      apply: (_, chance) => ({ value: chance.uuid() }),
    },
    "States.Format": {
      parameters: [...required("string"), { kind: "any", presence: "repeated" }],
      apply: ([template, ...values], _, pieces) => format(pieces ?? (template as string).split("{}"), values),
    },
  }),
);

/** What the value should have been, or null where it fits. */
export function kindProblem(kind: ArgumentKind, value: Json): string | null {
  switch (kind) {
    case "any":
      return null;
    case "array":
      return Array.isArray(value) ? null : "an array";
    case "object":
      return isJsonObject(value) ? null : "an object";
    case "boolean":
      return typeof value === "boolean" ? null : "a boolean";
    case "number":
      return typeof value === "number" ? null : "a number";
    case "string":
      return typeof value === "string" ? null : "a string";
  }
}

export function partition(items: readonly Json[], size: number): Outcome {
  const length = roundHalfUp(size);
  if (length <= 0) return { failure: "The chunk size must be positive" };
  const chunks: Json[] = [];
  for (let i = 0; i < items.length; i += length) chunks.push(items.slice(i, i + length));
  return { value: chunks };
}

export function range(first: number, last: number, step: number): Outcome {
  const [from, to, by] = [roundHalfUp(first), roundHalfUp(last), roundHalfUp(step)];
  if (by === 0) return { failure: "The step must not be 0" };
  const count = Math.max(0, Math.floor((to - from) / by) + 1);
  if (count > MAX_RANGE_ITEMS) return { failure: `The range has more than ${MAX_RANGE_ITEMS} items` };
  return { value: Array.from({ length: count }, (_, i) => from + i * by) };
}

export function hash(data: Json, name: string): Outcome {
  const algorithm = HASH_ALGORITHMS.get(name);
  if (algorithm === undefined)
    return { failure: `The algorithm must be one of ${[...HASH_ALGORITHMS.keys()].join(", ")}` };
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return bounded(text, () => ({ value: hexDigest(algorithm, text) }));
}

/** Blank text is null. */
export function parseJson(text: string): Outcome {
  if (text.trim() === "") return { value: null };
  try {
    const value = JSON.parse(text) as Json;
    if (isTooDeep(value)) return { failure: "The text is nested too deep" };
    return { value: Object.is(value, -0) ? 0 : value };
  } catch {
    return { failure: "The text is not valid JSON" };
  }
}

/** Mulberry32: small, well mixed, the same everywhere. A seed of any size is folded to 32 bits. */
export function seededRandom(seed: number): number {
  let state = (Math.trunc(seed) ^ Math.trunc(seed / 2 ** 32)) + 0x6d2b79f5;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
}

/** Half goes toward positive infinity: -1.5 becomes -1. Adding 0 turns -0 into 0. */
function roundHalfUp(value: number): number {
  return Math.round(value) + 0;
}

/** First occurrences, in order; linear, by equal canonical text. */
function unique(items: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = canonicalJson(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function bounded(text: string, then: () => Outcome): Outcome {
  return text.length > MAX_TEXT_LENGTH ? { failure: `The input has more than ${MAX_TEXT_LENGTH} characters` } : then();
}

/** Arguments of one call. */
const CHUNK = 8_192;

export function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

export function decodeBase64(text: string): Outcome {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
    return { value: new TextDecoder().decode(bytes) };
  } catch {
    return { failure: "The text is not valid Base64" };
  }
}

function merge(left: Json, right: Json, deep: boolean): Outcome {
  if (deep) return { failure: "Deep merging is not supported" };
  if (!isJsonObject(left) || !isJsonObject(right)) return { failure: "Both values must be objects" };
  return { value: { ...left, ...right } };
}

/** Every character of `separators` separates; empty pieces are dropped. */
function split(text: string, separators: string): string[] {
  const cuts = new Set(separators);
  const pieces: string[] = [];
  let piece = "";
  for (const character of text) {
    if (!cuts.has(character)) {
      piece += character;
    } else if (piece !== "") {
      pieces.push(piece);
      piece = "";
    }
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}

function format(pieces: readonly string[], values: readonly Json[]): Outcome {
  if (pieces.length - 1 !== values.length) {
    return { failure: `The template has ${pieces.length - 1} placeholders but ${values.length} values` };
  }
  const [head, ...rest] = pieces;
  return { value: rest.reduce((text, piece, i) => text + display(values[i] as Json) + piece, head ?? "") };
}

/** As Java prints collections, which is what the original does: `{a=1, b=[x, null]}`. */
function display(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(display).join(", ")}]`;
  if (isJsonObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}=${display(item)}`)
      .join(", ")}}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
