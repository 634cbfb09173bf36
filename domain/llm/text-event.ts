import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { parsedEvent } from "./event-stream.ts";

// The events of a stream are alike, save for the words they bear: once one was parsed, those like it need not be.
//   E1  What is read so is exactly what parsing it would give: the event is JSON, has one choice and these words, and tells
//       neither an error nor usage nor log-probabilities nor a finish reason. All else in it is as in the event it is like.

export interface TextEvent {
  /** Of the one choice. */
  index: number;
  /** Members of its delta, and their words; whatever else the delta holds is `null`, or the role. */
  names: readonly string[];
  texts: readonly string[];
}

export interface TextEventReader {
  /** `null` for an event that has to be parsed. */
  read(data: string): TextEvent | null;
  /** Takes an event that was parsed for a pattern. */
  learn(data: string, event: JsonObject): void;
}

interface Pattern {
  index: number;
  /** What stands before, between and behind the texts. */
  parts: string[];
  /** The members that hold the texts. */
  holes: string[];
  /** Those that hold words. */
  names: string[];
}

const WORDS = ["content", "reasoning_content"];
/** What OpenAI adds beside the choices, so that the length of an event tells nothing of its words. */
const PADDING = "obfuscation";
const HOLES = [...WORDS, PADDING].map((name) => ({ name, member: new RegExp(`"${name}"\\s*:\\s*"([^"\\\\]*)"`) }));
/** A stream whose events are never alike is parsed, and not examined any further. */
const MAX_LESSONS = 8;
/** In JSON a string without these is its own text (RFC 8259 section 7). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters have no place in a string of JSON.
const NOT_PLAIN = /["\\\u0000-\u001f]/;

export function textEventReader(): TextEventReader {
  let pattern: Pattern | null = null;
  let lessons = 0;
  return {
    read: (data) => (pattern === null ? null : matched(pattern, data)),
    learn(data, event) {
      if (lessons === MAX_LESSONS) return;
      lessons += 1;
      pattern = patternOf(data, event) ?? pattern;
    },
  };
}

function matched({ index, parts, holes, names }: Pattern, data: string): TextEvent | null {
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < holes.length; i++) {
    const part = parts[i] ?? "";
    const start = at + part.length;
    // Comparing a slice takes a quarter of what `startsWith` takes.
    if (data.slice(at, start) !== part) return null;
    at = data.indexOf('"', start);
    if (at === -1) return null;
    const text = data.slice(start, at);
    if (NOT_PLAIN.test(text)) return null;
    if (holes[i] !== PADDING) texts.push(text);
  }
  return data.slice(at) === parts[holes.length] ? { index, names, texts } : null;
}

function patternOf(data: string, event: JsonObject): Pattern | null {
  const index = indexOfText(event);
  if (index === null) return null;
  const found = HOLES.flatMap(({ name, member }) => {
    const match = member.exec(data);
    if (match === null) return [];
    const end = match.index + match[0].length - 1;
    return [{ name, start: end - (match[1] ?? "").length, end }];
  }).sort((a, b) => a.start - b.start);
  const parts = [...found, null].map((text, i) => data.slice(found[i - 1]?.end ?? 0, text?.start));
  const holes = found.map(({ name }) => name);
  const pattern = { index, parts, holes, names: holes.filter((name) => name !== PADDING) };
  return isProven(pattern, event) ? pattern : null;
}

/** The index of the one choice of an event that says words and nothing else. */
function indexOfText({ choices, usage, error }: JsonObject): number | null {
  const [choice] = Array.isArray(choices) && choices.length === 1 ? choices : [];
  if (!isNone(usage) || !isNone(error) || !isJsonObject(choice) || !isJsonObject(choice.delta)) return null;
  if (!isNone(choice.finish_reason) || !isNone(choice.logprobs) || !Number.isSafeInteger(choice.index)) return null;
  const isText = Object.entries(choice.delta).every(
    ([name, value]) => value === null || (typeof value === "string" && (name === "role" || WORDS.includes(name))),
  );
  return isText ? Number(choice.index) : null;
}

/** Whether the texts stand where they seem to: other texts in their places are read from there, and no other words. */
function isProven({ index, parts, holes }: Pattern, event: JsonObject): boolean {
  const told = membersOf(event);
  const others = holes.map((name) => `${told[name]}.`);
  const changed = parsedEvent(parts.reduce((before, part, i) => `${before}${others[i - 1]}${part}`));
  if (!isJsonObject(changed) || indexOfText(changed) !== index) return false;
  const members = membersOf(changed);
  return (
    holes.every((name, i) => members[name] === others[i]) &&
    Object.keys(members).every((name) => members[name] === null || holes.includes(name))
  );
}

function membersOf({ choices, [PADDING]: padding }: JsonObject): JsonObject {
  const [choice] = choices as { delta: JsonObject }[];
  const { role: _, ...delta } = choice?.delta ?? {};
  return { ...delta, [PADDING]: padding ?? null };
}

function isNone(value: unknown): boolean {
  return value === null || value === undefined;
}
