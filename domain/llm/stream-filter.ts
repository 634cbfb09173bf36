import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { DONE, eventsOf, eventText, parsedEvent } from "./event-stream.ts";
import { type TextEvent, textEventReader } from "./text-event.ts";
import { estimatedAnswerTokens, estimatedTokens } from "./token-estimate.ts";
import { type TokenUsage, ToldUsage } from "./token-usage.ts";

// Looks at a stream of chat completion events as it passes.
//   F1  Only whole events pass, so what was passed on never ends in half of one.
//   F2  Each event is parsed once, save those that differ from a parsed one in their words alone, and passes as the bytes that
//       came: only where usage or an empty event is kept back are the others of its piece written anew.
//   F3  Nothing passes from the first event on that is an error or no JSON.
//   F4  An event of usage alone passes only when it was asked for and can be read. The end mark never passes: who relays the stream
//       writes it when all is well.

/** No model says so much in one event; a stream without event ends must not fill the memory. */
const MAX_EVENT_BYTES = 4 * 1_048_576;
/** What a client may be told of a provider's own words. */
const MAX_WORDS = 500;
const LF = 0x0a;
const CR = 0x0d;
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();
const END_MARK = ENCODER.encode(eventText(DONE));
/** The end mark behind another event. */
const LAST = ENCODER.encode(`\n\n${eventText(DONE)}`);

export interface StreamFilter {
  /** The bytes that may go on to the client. */
  push(bytes: Uint8Array): Uint8Array;
  /** Takes an event that the provider left without its blank line. */
  end(): Uint8Array;
  /** The provider answered, and said that it was the end or gave a finish reason. */
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

/** Is told of every event that passes, in turn, as it was read. */
export interface PassedEvents {
  /** One that was not parsed, because it differs from an earlier one in its words alone. */
  words(event: TextEvent): void;
  /** One that was parsed, and how many characters it had. */
  event(event: JsonObject, size: number): void;
}

export function streamFilter(wantsUsage: boolean, passed: PassedEvents | null = null): StreamFilter {
  let held: Uint8Array = new Uint8Array(0);
  let isDone = false;
  let hasChoices = false;
  let failure: string | null = null;
  let usage: TokenUsage | null = null;
  let finishReason: string | null = null;
  let contentTokens = 0;
  const textEvents = textEventReader();

  function examined(bytes: Uint8Array): Uint8Array {
    const events = eventsOf(DECODER.decode(bytes));
    const kept = events.filter(passes);
    if (kept.length === events.length) return bytes;
    const isMarkAlone = isDone && kept.length === events.length - 1 && endsWith(bytes, LAST);
    return isMarkAlone ? bytes.subarray(0, -END_MARK.byteLength) : ENCODER.encode(kept.map(eventText).join(""));
  }

  function passes(data: string): boolean {
    // A client takes no event from an empty line of data (WHATWG HTML, section 9.2.6).
    if (isDone || failure !== null || data === "") return false;
    if (data === DONE) {
      isDone = true;
      return false;
    }
    const words = textEvents.read(data);
    if (words !== null) {
      for (const text of words.texts) contentTokens += estimatedTokens(text);
      passed?.words(words);
      return true;
    }
    const event = parsedEvent(data);
    if (!isJsonObject(event)) {
      failure = "an event that is not JSON";
      return false;
    }
    const choices = Array.isArray(event.choices) ? event.choices : [];
    failure = errorOf(event);
    if (failure !== null) return false;
    hasChoices ||= choices.length > 0;
    for (const choice of choices) {
      finishReason = finishReasonOf(choice) ?? finishReason;
      if (isJsonObject(choice) && isJsonObject(choice.delta)) contentTokens += estimatedAnswerTokens(choice.delta);
    }
    textEvents.learn(data, event);
    if (!usagePasses(event.usage, choices.length === 0)) return false;
    passed?.event(event, data.length);
    return true;
  }

  /** Notes what an event tells of usage; whether the event may go on with it. */
  function usagePasses(told: unknown, isAlone: boolean): boolean {
    if (told === undefined || told === null) return true;
    const read = ToldUsage.parse(told);
    usage = read ?? usage;
    return !isAlone || (wantsUsage && read !== null);
  }

  return {
    push(bytes) {
      const whole = held.byteLength === 0 ? bytes : joined(held, bytes);
      const cut = endOfLastEvent(whole, held.byteLength);
      held = whole.subarray(cut);
      if (held.byteLength > MAX_EVENT_BYTES) failure = "an event without end";
      return examined(whole.subarray(0, cut));
    },
    end() {
      const rest = joined(held, ENCODER.encode("\n\n"));
      held = new Uint8Array(0);
      // What is not whole now never will be: half an event is dropped, and the missing end tells that the stream broke.
      const [event] = eventsOf(DECODER.decode(rest));
      const isWhole = event === DONE || (event !== undefined && isJsonObject(parsedEvent(event)));
      return isWhole ? examined(rest) : new Uint8Array(0);
    },
    isComplete: () => hasChoices && (isDone || finishReason !== null),
    isDone: () => isDone,
    failure: () => failure,
    usage: () => usage,
    finishReason: () => finishReason,
    estimatedCompletionTokens: () => contentTokens,
  };
}

/** One past the last blank line, in any of the three line endings; 0 when there is none. The first `known` bytes have none. */
function endOfLastEvent(bytes: Uint8Array, known: number): number {
  for (let end = bytes.byteLength; end >= Math.max(2, known); end--) {
    const last = bytes[end - 1];
    if (last !== LF && last !== CR) continue;
    if (bytes[end - 2] === last) return end;
    if (last === LF && bytes[end - 2] === CR && bytes[end - 3] === LF && bytes[end - 4] === CR) return end;
  }
  return 0;
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const start = bytes.byteLength - end.byteLength;
  return start >= 0 && end.every((byte, i) => bytes[start + i] === byte);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.concat([a, b]);
}

function finishReasonOf(choice: unknown): string | null {
  return isJsonObject(choice) && typeof choice.finish_reason === "string" ? choice.finish_reason : null;
}

/** The words of an error: most providers send it as `error`, some as the event itself. */
function errorOf(event: JsonObject): string | null {
  const isError = Array.isArray(event.choices) ? false : event.object === "error" || typeof event.message === "string";
  const error = event.error ?? (isError ? event : null);
  if (typeof error === "string") return error.slice(0, MAX_WORDS);
  if (!isJsonObject(error)) return null;
  return typeof error.message === "string" ? error.message.slice(0, MAX_WORDS) : "an error";
}
