import * as z from "zod";
import type { ChatCompletion, ToolCall } from "../../domain/llm/chat-completion.ts";
import { TokenCount, type TokenUsage } from "../../domain/llm/token-usage.ts";
import { JSON_TOOL } from "./anthropic-request.ts";
import type { SealedThought } from "./anthropic-thought.ts";

const Count = TokenCount.nullish().catch(null);

export const AnthropicUsage = z
  .looseObject({
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
  })
  .catch({});
export type AnthropicUsage = z.infer<typeof AnthropicUsage>;

const Block = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string().optional() }),
  z.looseObject({ type: z.literal("redacted_thinking"), data: z.string() }),
  z.looseObject({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.unknown() }),
]);

export const AnthropicMessage = z.looseObject({
  id: z.string(),
  model: z.string(),
  content: z.array(z.union([Block, z.looseObject({ type: z.string() })])),
  stop_reason: z.string().nullish(),
  usage: AnthropicUsage,
});
export type AnthropicMessage = z.infer<typeof AnthropicMessage>;

/** A message of Anthropic's as an OpenAI completion. */
export function toCompletion(message: AnthropicMessage, created: number): ChatCompletion {
  const blocks = message.content.flatMap((block) => {
    const known = Block.safeParse(block);
    return known.success ? [known.data] : [];
  });
  const texts: string[] = [];
  const thoughts: string[] = [];
  const sealed: SealedThought[] = [];
  const calls: ToolCall[] = [];
  const structured: string[] = [];
  for (const block of blocks) {
    if (block.type === "text") texts.push(block.text);
    else if (block.type === "redacted_thinking") sealed.push({ type: block.type, data: block.data });
    else if (block.type === "thinking") {
      thoughts.push(block.thinking);
      const { type, thinking, signature } = block;
      if (signature) sealed.push({ type, thinking, signature });
    } else if (block.name === JSON_TOOL) structured.push(JSON.stringify(block.input ?? {}));
    else {
      const call = { name: block.name, arguments: JSON.stringify(block.input ?? {}) };
      calls.push({ id: block.id, type: "function", function: call });
    }
  }
  // What is said beside the answer's shape is no part of it.
  const said = structured.length > 0 ? structured : texts;
  return {
    id: message.id,
    object: "chat.completion",
    created,
    model: message.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: said.length === 0 ? null : said.join(""),
          refusal: null,
          ...(thoughts.length > 0 && { reasoning_content: thoughts.join("") }),
          ...(sealed.length > 0 && { thinking_blocks: sealed }),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: toFinishReason(message.stop_reason, structured.length > 0 && calls.length === 0),
      },
    ],
    usage: toUsage(message.usage),
  };
}

/** `isStructured`: the tool that was called stood for the answer's shape, so its call is the answer. */
export function toFinishReason(reason: string | null | undefined, isStructured: boolean): string {
  switch (reason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "tool_use":
      return isStructured ? "stop" : "tool_calls";
    case "refusal":
      return "content_filter";
    default:
      return "stop";
  }
}

/**
 * Anthropic counts what its cache held and what it wrote there apart from the input; OpenAI's prompt is all three. `null` where it
 * told no count that can be read.
 */
export function toUsage(usage: AnthropicUsage): TokenUsage | null {
  if (typeof usage.input_tokens !== "number" || typeof usage.output_tokens !== "number") return null;
  const cached = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const prompt = usage.input_tokens + cached + written;
  const completion = usage.output_tokens;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached + written > 0 && { prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written } }),
  };
}
