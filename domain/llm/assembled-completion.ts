import { isJsonObject } from "../kernel/json.ts";
import type { ChatCompletion, ChatCompletionChunk } from "./chat-completion.ts";
import { DONE, eventsOf, parsedEvent } from "./event-stream.ts";
import { readChunk } from "./plain-answer.ts";
import { type TextEvent, textEventReader } from "./text-event.ts";
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

/** The whole completion that a stream told in pieces; `null` for one that is not whole, not chunks, or whose pieces do not join. */
export function assembledCompletion(events: string): ChatCompletion | null {
  const choices = new Map<number, Choice>();
  const choiceAt = (index: number): Choice => {
    const choice = choices.get(index) ?? newChoice();
    choices.set(index, choice);
    return choice;
  };
  const textEvents = textEventReader();
  let head: Pick<ChatCompletionChunk, "id" | "created" | "model"> | null = null;
  const beside: Members = {};
  let usage: TokenUsage | null = null;
  for (const data of eventsOf(events)) {
    if (data === DONE) break;
    const words = textEvents.read(data);
    if (words !== null) {
      appendWords(choiceAt(words.index), words);
      continue;
    }
    const event = parsedEvent(data);
    const chunk = readChunk(event).data;
    if (chunk === undefined) return null;
    const { id, object: _, created, model, choices: told, usage: counted, obfuscation: __, ...others } = chunk;
    if (isJsonObject(event) && told.every(({ logprobs }) => !logprobs)) textEvents.learn(data, event);
    head ??= { id, created, model };
    usage = counted ?? usage;
    Object.assign(beside, saidOf(others));
    for (const { index, delta, logprobs, finish_reason } of told) {
      const choice = choiceAt(index);
      if (!append(choice, delta)) return null;
      if (isJsonObject(logprobs)) choice.logprobs = joinedLists(choice.logprobs ?? {}, logprobs);
      choice.reason = finish_reason ?? choice.reason;
    }
  }
  if (head === null || choices.size === 0) return null;
  return {
    ...head,
    object: "chat.completion",
    choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => finished(index, choice)),
    ...(usage !== null && { usage }),
    ...beside,
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
