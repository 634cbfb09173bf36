import * as z from "zod";
import type { ChatCompletionChunk } from "../../domain/llm/chat-completion.ts";
import { DONE } from "../../domain/llm/event-stream.ts";
import { AnthropicUsage, toFinishReason, toUsage } from "./anthropic-answer.ts";
import { JSON_TOOL } from "./anthropic-request.ts";
import type { SealedThought } from "./anthropic-thought.ts";

type Delta = ChatCompletionChunk["choices"][number]["delta"];

const Event = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("message_start"),
    message: z.looseObject({ id: z.string(), model: z.string(), usage: AnthropicUsage }),
  }),
  z.looseObject({
    type: z.literal("content_block_start"),
    index: z.int(),
    content_block: z.looseObject({
      type: z.string(),
      id: z.string().optional(),
      name: z.string().optional(),
      data: z.string().optional(),
    }),
  }),
  z.looseObject({
    type: z.literal("content_block_delta"),
    index: z.int(),
    delta: z.looseObject({
      type: z.string(),
      text: z.string().optional(),
      thinking: z.string().optional(),
      signature: z.string().optional(),
      partial_json: z.string().optional(),
    }),
  }),
  z.looseObject({ type: z.literal("content_block_stop"), index: z.int() }),
  z.looseObject({
    type: z.literal("message_delta"),
    delta: z.looseObject({ stop_reason: z.string().nullish() }),
    usage: AnthropicUsage.optional(),
  }),
  z.looseObject({ type: z.literal("message_stop") }),
  z.looseObject({ type: z.literal("error"), error: z.looseObject({ type: z.string(), message: z.string() }) }),
]);

/** Turns Anthropic's events, one by one, into the data of OpenAI's. Events of kinds that are not known say nothing. */
export function anthropicStream(created: number): (data: unknown) => string[] {
  let id = "";
  let model = "";
  let usage: AnthropicUsage = {};
  /** Index of the tool call by index of the block that bears it. */
  const calls = new Map<number, number>();
  let structuredBlock: number | null = null;
  /** The block whose tool was named and not yet given its arguments. */
  let awaited: number | null = null;
  /** What was thought in a block; its seal comes last. */
  let thought = "";

  const chunk = (choices: ChatCompletionChunk["choices"], more: object = {}): string =>
    JSON.stringify({ id, object: "chat.completion.chunk", created, model, choices, usage: null, ...more });
  const said = (delta: Delta, reason: string | null = null): string[] => [
    chunk([{ index: 0, delta, finish_reason: reason }]),
  ];
  const sealed = (block: SealedThought): string[] => said({ thinking_blocks: [block] });
  const input = (block: number, json: string): string[] => {
    if (block === structuredBlock) return said({ content: json });
    const index = calls.get(block);
    return index === undefined ? [] : said({ tool_calls: [{ index, function: { arguments: json } }] });
  };

  return (data) => {
    const parsed = Event.safeParse(data);
    if (!parsed.success) return [];
    const event = parsed.data;
    switch (event.type) {
      case "message_start":
        ({ id, model, usage } = event.message);
        return said({ role: "assistant", content: "" });
      case "content_block_start": {
        const { type, id: callId, name = "", data: hidden = "" } = event.content_block;
        thought = "";
        if (type === "redacted_thinking") return sealed({ type, data: hidden });
        if (type !== "tool_use") return [];
        awaited = event.index;
        if (name === JSON_TOOL) {
          structuredBlock = event.index;
          return [];
        }
        const index = calls.size;
        calls.set(event.index, index);
        return said({ tool_calls: [{ index, id: callId, type: "function", function: { name, arguments: "" } }] });
      }
      case "content_block_delta": {
        const { text, thinking, signature, partial_json: json } = event.delta;
        if (text !== undefined) return said({ content: text });
        if (signature !== undefined) return sealed({ type: "thinking", thinking: thought, signature });
        if (thinking !== undefined) {
          thought += thinking;
          return said({ reasoning_content: thinking });
        }
        if (json === undefined || json === "") return [];
        awaited = null;
        return input(event.index, json);
      }
      case "content_block_stop":
        // A tool without arguments gets no text at all; OpenAI's clients parse what they were given.
        return event.index === awaited ? input(event.index, "{}") : [];
      case "message_delta":
        // The counts of this event are the sums so far; those it does not repeat stay.
        usage = { ...usage, ...Object.fromEntries(Object.entries(event.usage ?? {}).filter(([, n]) => n !== null)) };
        return said({}, toFinishReason(event.delta.stop_reason, structuredBlock !== null && calls.size === 0));
      case "message_stop":
        return [chunk([], { usage: toUsage(usage) }), DONE];
      case "error":
        return [JSON.stringify({ error: { message: event.error.message, type: event.error.type } })];
    }
  };
}
