import { dereference, validate } from "@cfworker/json-schema";
import type { JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { patternProblem, regexEngine } from "../../domain/workflows/expression/regex.ts";
import type { SchemaJudge } from "../../services/llm/ports.ts";

// Judges values by the schemas of tenants.
//   J1  a schema that cannot be read is told as such; no schema and no value makes the judge throw.
//   J2  no pattern holds up the isolate. The validator matches by the engine's own expressions, which a short pattern can keep
//       busy for years and nobody can interrupt; so each text is first matched by those that count their steps.
//   J3  no schema does either: each time that a part of it is applied to a part of the value is a step, and steps are counted, whatever
//       refers to what how often. Arrays whose items must differ are compared each with each, so they are counted before.

/** Enough for a model to mend its answer, and for a person to see what is wrong. */
const MAX_FAULTS = 5;
/** Some fifty milliseconds; a hundred patterns on a hundred texts of as many characters take half of it. */
const MAX_PATTERN_STEPS = 2_000_000;
/** One to three tenths of a second; a schema of a thousand parts on an answer of a hundred rows takes as many. */
const MAX_SCHEMA_STEPS = 100_000;
/** A quarter of a second where the items are objects: an array of two thousand. */
const MAX_COMPARISONS = 4_000_000;

type Lookup = ReturnType<typeof dereference>;
type Reading = { reason: string } | { reason: null; lookup: Lookup; patterns: RegExp[]; hasUnique: boolean };

/** Interprets schemas instead of compiling them: the Workers runtime evaluates no code made from text. */
export function cfworkerSchemaJudge(): SchemaJudge {
  return {
    unusable: (schema) => readingOf(schema).reason,
    faults(schema, value) {
      const reading = readingOf(schema);
      if (reading.reason !== null) return [reading.reason];
      if (!areQuick(reading.patterns, value)) return ["#: The patterns of the schema take too long on this value."];
      if (reading.hasUnique && comparisonsOf(value) > MAX_COMPARISONS)
        return ["#: An array whose items must differ is too long."];
      return validated(schema, value, reading.lookup);
    },
  };
}

function validated(schema: JsonObject, value: unknown, lookup: Lookup): string[] {
  stepsLeft = MAX_SCHEMA_STEPS;
  try {
    const { valid, errors } = validate(value, schema, "2020-12", lookup, false);
    if (valid) return [];
    // The validator tells a fault at every level on the way to it; the innermost say what is wrong.
    const outer = new Set(errors.flatMap(({ instanceLocation }) => placesAround(instanceLocation)));
    const innermost = errors.filter(({ instanceLocation }) => !outer.has(instanceLocation));
    return innermost.slice(0, MAX_FAULTS).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
  } catch (error) {
    // The stack is full: a schema that refers to itself, or a value that is nested without end.
    if (error instanceof RangeError) return ["#: The schema never comes to an end on this value."];
    if (error instanceof TooManySteps) return ["#: The schema takes too many steps on this value."];
    throw error;
  } finally {
    stepsLeft = Number.POSITIVE_INFINITY;
  }
}

/** `#/a/0` lies in `#/a`, and that in `#`. */
function placesAround(location: string): string[] {
  const names = location.split("/");
  return names.slice(1).map((_, at) => names.slice(0, at + 1).join("/"));
}

class TooManySteps extends Error {}

/** Of the judgement under way: it waits for nothing, so there is one at a time. */
let stepsLeft = Number.POSITIVE_INFINITY;

/** The validator reads this member of a schema once whenever it applies it, and few schemas have it. */
const READ_AT_EACH_STEP = "$recursiveAnchor";

function countSteps(part: JsonObject): void {
  const value = part[READ_AT_EACH_STEP];
  Object.defineProperty(part, READ_AT_EACH_STEP, {
    configurable: true,
    enumerable: value !== undefined,
    get() {
      if (--stepsLeft < 0) throw new TooManySteps();
      return value;
    },
  });
}

const readings = new WeakMap<JsonObject, Reading>();

function readingOf(schema: JsonObject): Reading {
  const known = readings.get(schema);
  if (known !== undefined) return known;
  const reading = read(schema);
  readings.set(schema, reading);
  return reading;
}

function read(schema: JsonObject): Reading {
  try {
    const lookup = dereference(schema);
    const parts: JsonObject[] = Object.values(lookup).filter(isJsonObject);
    const missing = parts.find(({ __absolute_ref__: uri }) => typeof uri === "string" && lookup[uri] === undefined);
    if (missing !== undefined) return { reason: `The schema refers to ${missing.$ref}, which it does not hold` };
    const patterns = parts.flatMap(patternsOf).map(compiled);
    for (const part of new Set(parts)) countSteps(part);
    return { reason: null, lookup, patterns, hasUnique: parts.some(({ uniqueItems }) => uniqueItems === true) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : "The schema cannot be read" };
  }
}

function patternsOf({ pattern, patternProperties }: JsonObject): string[] {
  const names = isJsonObject(patternProperties) ? Object.keys(patternProperties) : [];
  return typeof pattern === "string" ? [pattern, ...names] : names;
}

/** As the validator reads it (JSON Schema: with the flag `u`), and as its steps are counted, which knows no Unicode classes. */
function compiled(pattern: string): RegExp {
  new RegExp(pattern, "u");
  if (/\\p\{|\\u\{/i.test(pattern)) throw new Error(`The pattern ${pattern} holds a Unicode class or escape`);
  const expression = new RegExp(pattern);
  const trouble = patternProblem(expression);
  if (trouble !== null) throw new Error(trouble);
  return expression;
}

/** Whether no pattern takes too long on any text or name in the value; which of them meet is for the validator to say. */
function areQuick(patterns: readonly RegExp[], value: unknown): boolean {
  if (patterns.length === 0) return true;
  let left = MAX_PATTERN_STEPS;
  const Counted = regexEngine((steps) => {
    left -= steps;
    if (left < 0) throw new Error("too many steps");
  });
  try {
    for (const text of textsOf(value)) for (const pattern of patterns) new Counted(pattern).exec(text);
    return true;
  } catch {
    return false;
  }
}

function comparisonsOf(value: unknown): number {
  let comparisons = 0;
  for (const part of partsOf(value)) if (Array.isArray(part)) comparisons += part.length ** 2;
  return comparisons;
}

function* textsOf(value: unknown): Generator<string> {
  for (const part of partsOf(value)) {
    if (typeof part === "string") yield part;
    else if (isJsonObject(part)) yield* Object.keys(part);
  }
}

function* partsOf(value: unknown): Generator<unknown> {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    yield next;
    if (Array.isArray(next)) for (const item of next) waiting.push(item);
    else if (isJsonObject(next)) for (const item of Object.values(next)) waiting.push(item);
  }
}
