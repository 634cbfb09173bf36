import { dereference, validate } from "@cfworker/json-schema";
import type { JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { patternProblem, regexEngine } from "../../domain/workflows/expression/regex.ts";
import type { SchemaJudge } from "../../services/llm/ports.ts";

// Judges values by the schemas of tenants.
//   J1  a schema that cannot be read is told as such; no schema and no value makes the judge throw.
//   J2  no pattern holds up the isolate. The validator matches by the engine's own expressions, which a short pattern can keep
//       busy for years and nobody can interrupt; so each text is first matched by those that count their steps.

/** Enough for a model to mend its answer, and for a person to see what is wrong. */
const MAX_FAULTS = 5;
/** Some fifty milliseconds; a hundred patterns on a hundred texts of as many characters take half of it. */
const MAX_PATTERN_STEPS = 2_000_000;

type Lookup = ReturnType<typeof dereference>;
type Reading = { reason: string } | { reason: null; lookup: Lookup; patterns: RegExp[] };

/** Interprets schemas instead of compiling them: the Workers runtime evaluates no code made from text. */
export function cfworkerSchemaJudge(): SchemaJudge {
  return {
    unusable: (schema) => readingOf(schema).reason,
    faults(schema, value) {
      const reading = readingOf(schema);
      if (reading.reason !== null) return [reading.reason];
      if (!areQuick(reading.patterns, value)) return ["#: The patterns of the schema take too long on this value."];
      return validated(schema, value, reading.lookup);
    },
  };
}

function validated(schema: JsonObject, value: unknown, lookup: Lookup): string[] {
  try {
    const { valid, errors } = validate(value, schema, "2020-12", lookup, false);
    if (valid) return [];
    // The validator tells a fault at every level on the way to it; the innermost say what is wrong.
    const innermost = errors.filter(
      ({ instanceLocation: at }) => !errors.some(({ instanceLocation: other }) => other.startsWith(`${at}/`)),
    );
    return innermost.slice(0, MAX_FAULTS).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
  } catch (error) {
    // The stack is full: a schema that refers to itself, or a value that is nested without end.
    if (error instanceof RangeError) return ["#: The schema never comes to an end on this value."];
    throw error;
  }
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
    return { reason: null, lookup, patterns };
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

function* textsOf(value: unknown): Generator<string> {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "string") yield next;
    else if (Array.isArray(next)) for (const item of next) waiting.push(item);
    else if (isJsonObject(next)) {
      yield* Object.keys(next);
      for (const item of Object.values(next)) waiting.push(item);
    }
  }
}
