import { isJsonObject } from "../kernel/json.ts";
import { DONE, eventStreamParser, eventText } from "./event-stream.ts";
import { wordsOf } from "./guarded-completion.ts";
import type { Finding, Guardrail } from "./guardrail.ts";
import { heldCharacters, spansOf } from "./guardrail-judge.ts";
import { plainText } from "./plain-text.ts";
import { countsByKind, redactedText, type Span } from "./span.ts";

// Guards the text of a stream while it passes.
//   T1  what was let go is never looked at again, so text is held back until no match can begin in what goes: the first words
//       come as many characters later as the longest match has, and every event is parsed and written anew.
//   T2  a block ends the stream as OpenAI ends a filtered one: finish reason `content_filter`, usage where it was told.
//   T3  events without text (roles, tool calls, usage) pass in their place behind the text before them.

export interface StreamGuard {
  push(text: string): string;
  /** What was still held, when the provider said no more. */
  end(): string;
  isBlocked(): boolean;
  findings(): Finding[];
}

type Choice = Record<string, unknown> & { index: number; delta: Record<string, unknown> };
type Chunk = Record<string, unknown> & { choices: Choice[] };

/** A match that has not ended by now is judged as it is, so that one endless word does not hold the stream for ever. */
const MAX_HELD = 16_384;
/** Text goes on in pieces of this size at least, so that a stream of single words is not searched anew for each. */
const MIN_RELEASED = 24;

export function streamGuard(guardrails: readonly Guardrail[]): StreamGuard {
  const parser = eventStreamParser();
  /** By choice, then by the member that the words are told in. */
  const windows = new Map<number, Map<string, TextWindow>>();
  const noted = new Map<string, Finding>();
  let last: Chunk | null = null;
  let blocked = false;
  let length = 0;

  function windowsOf(index: number): Map<string, TextWindow> {
    const ofChoice = windows.get(index) ?? new Map<string, TextWindow>();
    windows.set(index, ofChoice);
    return ofChoice;
  }

  function noteSize(added: number): void {
    const before = length;
    length += added;
    for (const guardrail of guardrails) {
      const most = guardrail.type === "size" ? guardrail.maxOutputCharacters : undefined;
      if (most === undefined || length <= most || before > most) continue;
      note({ guardrail: guardrail.type, action: guardrail.action, found: { characters: length } });
    }
  }

  function note(finding: Finding): void {
    const key = `${finding.guardrail}/${finding.action}`;
    const before = noted.get(key);
    if (before === undefined) noted.set(key, { ...finding, found: { ...finding.found } });
    else
      for (const [kind, count] of Object.entries(finding.found)) before.found[kind] = (before.found[kind] ?? 0) + count;
    if (finding.action === "block") blocked = true;
  }

  function guarded(data: string): string {
    const chunk = chunkOf(data);
    if (chunk === null) return eventText(data);
    // Once blocked, only what tells the usage goes on.
    if (blocked) return chunk.choices.length === 0 ? eventText(data) : "";
    if (chunk.choices.length > 0) last = chunk;
    const choices = chunk.choices.map(guardedChoice).filter(says);
    if (blocked) return eventText(JSON.stringify(filteredEnd(chunk)));
    if (choices.length === 0 && chunk.choices.length > 0 && !isJsonObject(chunk.usage)) return "";
    return eventText(JSON.stringify({ ...chunk, choices }));
  }

  function guardedChoice(choice: Choice): Choice {
    const ofChoice = windowsOf(choice.index);
    const delta = { ...choice.delta };
    for (const [name, text] of wordsOf(delta)) {
      const window = ofChoice.get(name) ?? textWindow(guardrails, note);
      ofChoice.set(name, window);
      noteSize(text.length);
      delta[name] = window.push(text);
    }
    if (typeof choice.finish_reason !== "string") return { ...choice, delta };
    for (const [name, rest] of restsOf(ofChoice)) delta[name] = wordsIn(delta, name) + rest;
    return { ...choice, delta };
  }

  return {
    push: (text) => parser.push(text).map(guarded).join(""),
    end() {
      if (blocked || last === null) return "";
      const rests = [...windows].flatMap(([index, ofChoice]) => {
        const delta = Object.fromEntries(restsOf(ofChoice));
        return Object.keys(delta).length === 0 ? [] : [{ index, delta, finish_reason: null }];
      });
      if (blocked) return eventText(JSON.stringify(filteredEnd(last)));
      return rests.length === 0 ? "" : eventText(JSON.stringify({ ...last, choices: rests }));
    },
    isBlocked: () => blocked,
    findings: () => [...noted.values()],
  };
}

interface TextWindow {
  /** The text that may go. */
  push(text: string): string;
  end(): string;
}

function restsOf(windows: ReadonlyMap<string, TextWindow>): [name: string, rest: string][] {
  return [...windows].map(([name, window]): [string, string] => [name, window.end()]).filter(([, rest]) => rest !== "");
}

function wordsIn(delta: Choice["delta"], name: string): string {
  const words = delta[name];
  return typeof words === "string" ? words : "";
}

function textWindow(guardrails: readonly Guardrail[], note: (finding: Finding) => void): TextWindow {
  const hold = heldCharacters(guardrails);
  let held = "";
  /** The character that is read before `held`: it tells whether a word begins there. */
  let before = "";

  function spansIn(guardrail: Guardrail, text: string): Span[] {
    return spansOf(guardrail, before + text, "output")
      .map(({ kind, start, end }) => ({ kind, start: start - before.length, end: end - before.length }))
      .filter(({ start }) => start >= 0);
  }

  /** Where the held text can be cut: no match reaches over it. */
  function cut(): number {
    if (held.length - hold < MIN_RELEASED) return 0;
    if (held.length > MAX_HELD) return wholeCharacters(held, held.length - hold);
    const { plain, startOf } = plainText(held);
    const at = wholeCharacters(held, startOf(Math.max(0, plain.length - hold)));
    if (at < MIN_RELEASED) return 0;
    const spans = guardrails.flatMap((guardrail) => spansIn(guardrail, held)).sort((a, b) => b.start - a.start);
    return spans.reduce((end, span) => (span.start < end && span.end > end ? span.start : end), at);
  }

  function release(at: number): string {
    let text = held;
    let end = at;
    for (const guardrail of guardrails) {
      const spans = spansIn(guardrail, text).filter((span) => span.end <= end);
      if (spans.length === 0) continue;
      note({ guardrail: guardrail.type, action: guardrail.action, found: countsByKind(spans) });
      if (guardrail.action !== "redact") continue;
      const head = redactedText(text.slice(0, end), spans);
      text = head + text.slice(end);
      end = head.length;
    }
    before = plainText(before + held.slice(0, at)).plain.at(-1) ?? "";
    held = held.slice(at);
    return text.slice(0, end);
  }

  return {
    push(text) {
      held += text;
      const at = cut();
      return at === 0 ? "" : release(at);
    },
    end: () => (held === "" ? "" : release(held.length)),
  };
}

/** The place, or the one before it, where no character is cut in two. */
function wholeCharacters(text: string, at: number): number {
  return /[\ud800-\udbff]$/.test(text.slice(at - 1, at)) ? at - 1 : at;
}

/** Whether anything is left of a choice whose words are held back. */
function says({ delta, finish_reason: reason }: Choice): boolean {
  const words = Object.values(delta);
  return typeof reason === "string" || words.length === 0 || words.some((said) => said !== "");
}

function filteredEnd(chunk: Chunk): Chunk {
  const choices = chunk.choices.map(({ index }) => ({ index, delta: {}, finish_reason: "content_filter" }));
  return { ...chunk, choices };
}

/** The event, when it is one that may hold text. What is none of ours is passed on and judged by who relays it. */
function chunkOf(data: string): Chunk | null {
  if (data === DONE) return null;
  try {
    const event: unknown = JSON.parse(data);
    if (!isJsonObject(event) || !Array.isArray(event.choices)) return null;
    const isChunk = event.choices.every((choice) => isJsonObject(choice) && isJsonObject(choice.delta));
    // Checked above; an index is a number wherever a provider speaks OpenAI's format.
    return isChunk ? (event as unknown as Chunk) : null;
  } catch {
    return null;
  }
}
