import { isJsonObject } from "../kernel/json.ts";
import { DONE, eventStreamParser, eventText, parsedEvent } from "./event-stream.ts";
import { estimatedTokens } from "./token-estimate.ts";
import { TokenUsage } from "./token-usage.ts";

// Looks at a stream of chat completion events as it passes.
//   F1  Only whole events pass, so what was passed on never ends in half of one.
//   F2  Events of content are searched for a few marks as bytes and pass untouched. Only events that bear a mark (an error, the
//       finish reason, usage, the end) are parsed.
//   F3  Usage passes only when it was asked for. The end mark never passes: who relays the stream writes it when all is well.

const MARKS = /"usage"\s*:\s*\{|"finish_reason"\s*:\s*"|"error"\s*:\s*["{]|\[DONE\]/;
/** No model says so much in one event; a stream without event ends must not fill the memory. */
const MAX_EVENT_BYTES = 4 * 1_048_576;
/** Passed bytes that are kept to estimate their tokens, should the provider never tell them. */
const MAX_UNCOUNTED_BYTES = 262_144;

export interface StreamFilter {
  /** The bytes that may go on to the client. */
  push(bytes: Uint8Array): Uint8Array;
  /** Takes an event that the provider left without its blank line. */
  end(): Uint8Array;
  /** The provider said that it was the end, or gave a finish reason. */
  isComplete(): boolean;
  /** The provider's end mark was seen: nothing more will come. */
  isDone(): boolean;
  /** The error that came in place of an event, as the provider worded it. */
  failure(): string | null;
  usage(): TokenUsage | null;
  finishReason(): string | null;
  /** Tokens of all content that has passed, by estimate. */
  estimatedCompletionTokens(): number;
}

export function streamFilter(wantsUsage: boolean): StreamFilter {
  let held: Uint8Array = new Uint8Array(0);
  let isDone = false;
  let failure: string | null = null;
  let usage: TokenUsage | null = null;
  let finishReason: string | null = null;
  const counter = tokenCounter();

  function examined(bytes: Uint8Array): Uint8Array {
    const kept = eventStreamParser().push(new TextDecoder().decode(bytes)).filter(passes);
    return new TextEncoder().encode(kept.map(eventText).join(""));
  }

  function passes(data: string): boolean {
    if (isDone || failure !== null) return false;
    if (data === DONE) {
      isDone = true;
      return false;
    }
    const event = parsedEvent(data);
    if (!isJsonObject(event)) {
      failure = "an event that is not JSON";
      return false;
    }
    if (isJsonObject(event.error) || typeof event.error === "string") {
      failure = errorMessage(event.error);
      return false;
    }
    const choices = Array.isArray(event.choices) ? event.choices : [];
    for (const choice of choices) finishReason = finishReasonOf(choice) ?? finishReason;
    const told = TokenUsage.safeParse(event.usage);
    if (told.success) usage = told.data;
    return choices.length > 0 || wantsUsage || !told.success;
  }

  return {
    push(bytes) {
      const whole = held.byteLength === 0 ? bytes : joined(held, bytes);
      const cut = endOfLastEvent(whole);
      held = whole.subarray(cut);
      if (held.byteLength > MAX_EVENT_BYTES) failure = "an event without end";
      const events = whole.subarray(0, cut);
      counter.add(events);
      return MARKS.test(viewOf(events).toString("latin1")) ? examined(events) : events;
    },
    end() {
      const rest = joined(held, new TextEncoder().encode("\n\n"));
      held = new Uint8Array(0);
      // What is not whole now never will be: half an event is dropped, and the missing end tells that the stream broke.
      const [event] = eventStreamParser().push(new TextDecoder().decode(rest));
      const isWhole = event === DONE || (event !== undefined && isJsonObject(parsedEvent(event)));
      return isWhole ? examined(rest) : new Uint8Array(0);
    },
    isComplete: () => isDone || finishReason !== null,
    isDone: () => isDone,
    failure: () => failure,
    usage: () => usage,
    finishReason: () => finishReason,
    estimatedCompletionTokens: () => counter.total(),
  };
}

/** Counts content lazily and in large pieces: a stream whose provider tells its usage is never parsed for it. */
function tokenCounter(): { add(bytes: Uint8Array): void; total(): number } {
  const parser = eventStreamParser();
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let size = 0;
  let tokens = 0;
  function count(): void {
    const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
    for (const data of parser.push(text)) tokens += contentTokens(data);
    parts = [];
    size = 0;
  }
  return {
    add(bytes) {
      parts.push(bytes);
      size += bytes.byteLength;
      if (size > MAX_UNCOUNTED_BYTES) count();
    },
    total() {
      count();
      return tokens;
    },
  };
}

function contentTokens(data: string): number {
  const event = parsedEvent(data);
  const choices = isJsonObject(event) && Array.isArray(event.choices) ? event.choices : [];
  let tokens = 0;
  for (const choice of choices) {
    const delta: unknown = isJsonObject(choice) ? choice.delta : null;
    if (!isJsonObject(delta)) continue;
    const { role: _, content, tool_calls, ...others } = delta;
    for (const text of [content, ...Object.values(others)]) {
      if (typeof text === "string") tokens += estimatedTokens(text);
    }
    if (Array.isArray(tool_calls)) tokens += estimatedTokens(JSON.stringify(tool_calls));
  }
  return tokens;
}

/** One past the last blank line, in any of the three line endings; 0 when there is none. */
function endOfLastEvent(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const ends = ["\n\n", "\r\n\r\n", "\r\r"].map((mark) => {
    const at = view.lastIndexOf(mark);
    return at === -1 ? 0 : at + mark.length;
  });
  return Math.max(...ends);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.concat([a, b]);
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function finishReasonOf(choice: unknown): string | null {
  return isJsonObject(choice) && typeof choice.finish_reason === "string" ? choice.finish_reason : null;
}

function errorMessage(error: unknown): string {
  if (typeof error === "string") return error.slice(0, 500);
  return isJsonObject(error) && typeof error.message === "string" ? error.message.slice(0, 500) : "an error";
}
