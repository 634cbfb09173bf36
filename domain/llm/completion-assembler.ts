import { isJsonObject } from "../kernel/json.ts";
import type { ChatCompletion, ChatCompletionChunk } from "./chat-completion.ts";
import { readChunk } from "./plain-answer.ts";
import type { PassedEvents } from "./stream-filter.ts";
import type { TextEvent } from "./text-event.ts";
import type { TokenUsage } from "./token-usage.ts";

type Message = ChatCompletion["choices"][number]["message"];
type Calls = NonNullable<Message["tool_calls"]>;
type Members = Record<string, unknown>;

interface Choice {
  message: Message;
  calls: Calls;
  logprobs: Members | null;
  reason: string | null;
}

/** Puts together what a stream tells in pieces. */
export interface CompletionAssembler extends PassedEvents {
  /** What was told until now; `null` for what is not whole, not chunks, too long to keep, or in pieces that do not join. */
  completion(): ChatCompletion | null;
}

/** Characters of a stream's words, and of its other events, that are remembered: a longer answer is not kept for later calls. */
const MAX_LENGTH = 1_000_000;

export function completionAssembler(): CompletionAssembler {
  const choices = new Map<number, Choice>();
  const beside: Members = {};
  let head: Pick<ChatCompletionChunk, "id" | "created" | "model"> | null = null;
  let usage: TokenUsage | null = null;
  let length = 0;
  let isJoined = true;

  function choiceAt(index: number): Choice {
    const choice = choices.get(index) ?? newChoice();
    choices.set(index, choice);
    return choice;
  }

  function isTaken(more: number): boolean {
    length += more;
    if (length > MAX_LENGTH) giveUp();
    return isJoined;
  }

  function giveUp(): void {
    isJoined = false;
    choices.clear();
  }

  return {
    words(event) {
      if (isTaken(event.texts.reduce((sum, text) => sum + text.length, 0))) appendWords(choiceAt(event.index), event);
    },
    event(event, size) {
      if (!isTaken(size)) return;
      const chunk = readChunk(event).data;
      if (chunk === undefined) return giveUp();
      const { id, object: _, created, model, choices: told, usage: counted, obfuscation: __, ...others } = chunk;
      head ??= { id, created, model };
      usage = counted ?? usage;
      Object.assign(beside, saidOf(others));
      for (const { index, delta, logprobs, finish_reason } of told) {
        const choice = choiceAt(index);
        if (!append(choice, delta)) return giveUp();
        if (isJsonObject(logprobs)) choice.logprobs = joinedLists(choice.logprobs ?? {}, logprobs);
        choice.reason = finish_reason ?? choice.reason;
      }
    },
    completion() {
      if (head === null || choices.size === 0) return null;
      return {
        ...head,
        object: "chat.completion",
        choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => finished(index, choice)),
        ...(usage !== null && { usage }),
        ...beside,
      };
    },
  };
}

type Delta = ChatCompletionChunk["choices"][number]["delta"];

function newChoice(): Choice {
  return { message: { role: "assistant", content: null, refusal: null }, calls: [], logprobs: null, reason: null };
}

/**
 * Texts and lists are joined, tool calls by their index; of what else there is the last word counts. False for the second piece of
 * an object, such as sound: how it joins the first only its provider knows.
 */
function append({ message, calls }: Choice, { role, tool_calls, ...others }: Delta): boolean {
  message.role = role ?? message.role;
  for (const [name, value] of Object.entries(saidOf(others))) {
    const before = message[name];
    if (isJsonObject(before) && isJsonObject(value)) return false;
    if (typeof before === "string" && typeof value === "string") message[name] = before + value;
    else message[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  for (const { index, id, function: part, ...more } of tool_calls ?? []) {
    const call = calls[index] ?? { id: "", type: "function", function: { name: "", arguments: "" } };
    calls[index] = {
      ...call,
      ...more,
      id: id ?? call.id,
      function: {
        name: part?.name ?? call.function?.name ?? "",
        arguments: (call.function?.arguments ?? "") + (part?.arguments ?? ""),
      },
    };
  }
  return true;
}

function saidOf(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
}

/** Of each kind of text, `content` and `refusal`, the tokens of all pieces. */
function joinedLists(before: Members, more: Members): Members {
  const lists = Object.entries(more).map(([name, value]) => {
    const known = before[name] ?? null;
    return [name, Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : (value ?? known)];
  });
  return { ...before, ...Object.fromEntries(lists) };
}

function appendWords({ message }: Choice, { names, texts }: TextEvent): void {
  for (const [i, name] of names.entries()) {
    const before = message[name];
    message[name] = typeof before === "string" ? before + texts[i] : texts[i];
  }
}

function finished(index: number, { message, calls, logprobs, reason }: Choice): ChatCompletion["choices"][number] {
  const whole = calls.filter((call) => call !== undefined);
  return {
    index,
    message: { ...message, ...(whole.length > 0 && { tool_calls: whole }) },
    logprobs,
    finish_reason: reason,
  };
}
