import { isJsonObject } from "../kernel/json.ts";
import type { ChatCompletion, ChatCompletionChunk } from "./chat-completion.ts";
import { DONE, eventsOf, parsedEvent } from "./event-stream.ts";
import { readChunk } from "./plain-answer.ts";
import { type TextEvent, textEventReader } from "./text-event.ts";
import type { TokenUsage } from "./token-usage.ts";

type Message = ChatCompletion["choices"][number]["message"];
type Calls = NonNullable<Message["tool_calls"]>;

interface Choice {
  message: Message;
  calls: Calls;
  reason: string | null;
}

/** The whole completion that a stream told in pieces; `null` for one that is not whole, or not chunks. */
export function assembledCompletion(events: string): ChatCompletion | null {
  const choices = new Map<number, Choice>();
  const choiceAt = (index: number): Choice => {
    const choice = choices.get(index) ?? newChoice();
    choices.set(index, choice);
    return choice;
  };
  const textEvents = textEventReader();
  let head: Pick<ChatCompletionChunk, "id" | "created" | "model"> | null = null;
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
    if (isJsonObject(event)) textEvents.learn(data, event);
    head ??= { id: chunk.id, created: chunk.created, model: chunk.model };
    usage = chunk.usage ?? usage;
    for (const { index, delta, finish_reason } of chunk.choices) {
      const choice = choiceAt(index);
      append(choice, delta);
      choice.reason = finish_reason ?? choice.reason;
    }
  }
  if (head === null || choices.size === 0) return null;
  return {
    ...head,
    object: "chat.completion",
    choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => finished(index, choice)),
    ...(usage !== null && { usage }),
  };
}

type Delta = ChatCompletionChunk["choices"][number]["delta"];

function newChoice(): Choice {
  return { message: { role: "assistant", content: null, refusal: null }, calls: [], reason: null };
}

/** Texts are joined, tool calls by their index; what is neither is taken as it came last. */
function append({ message, calls }: Choice, { role, tool_calls, ...others }: Delta): void {
  message.role = role ?? message.role;
  for (const [name, value] of Object.entries(others)) {
    if (value === null || value === undefined) continue;
    const before = message[name];
    message[name] = typeof value === "string" && typeof before === "string" ? before + value : value;
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
}

function appendWords({ message }: Choice, { names, texts }: TextEvent): void {
  for (const [i, name] of names.entries()) {
    const before = message[name];
    message[name] = typeof before === "string" ? before + texts[i] : texts[i];
  }
}

function finished(index: number, { message, calls, reason }: Choice): ChatCompletion["choices"][number] {
  const whole = calls.filter((call) => call !== undefined);
  return {
    index,
    message: { ...message, ...(whole.length > 0 && { tool_calls: whole }) },
    logprobs: null,
    finish_reason: reason,
  };
}
