import * as z from "zod";
import { ToldUsage } from "./token-usage.ts";

// OpenAI's chat completions. Members that we do not know pass through untouched in both directions, so that a client may use
// what its provider added yesterday.

export const MessageRole = z.enum(["developer", "system", "user", "assistant", "tool", "function"]);
export type MessageRole = z.infer<typeof MessageRole>;

const ContentPart = z.looseObject({ type: z.string(), text: z.string().optional() });

export const ToolCall = z.looseObject({
  id: z.string(),
  type: z.string(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
});
export type ToolCall = z.infer<typeof ToolCall>;

export const ChatMessage = z
  .looseObject({
    role: MessageRole,
    content: z.union([z.string(), z.array(ContentPart)]).nullish(),
    name: z.string().nullish(),
    tool_calls: z.array(ToolCall).nullish(),
    tool_call_id: z.string().nullish(),
  })
  .meta({ id: "ChatMessage", example: { role: "user", content: "How many days of leave are paid?" } });
export type ChatMessage = z.infer<typeof ChatMessage>;

const Tool = z.looseObject({
  type: z.string(),
  function: z
    .looseObject({
      name: z.string(),
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
    })
    .optional(),
});

export const ChatCompletionRequest = z
  .looseObject({
    model: z.string().min(1).max(256).describe("`provider/model`, or the name of a model route."),
    messages: z.array(ChatMessage).min(1).max(10_000),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    n: z.int().min(1).max(128).nullish(),
    stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    max_tokens: z.int().min(1).nullish(),
    tools: z.array(Tool).max(1_024).nullish(),
    tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    response_format: z.looseObject({ type: z.string() }).nullish(),
    seed: z.int().nullish(),
    user: z.string().nullish(),
  })
  .meta({
    id: "ChatCompletionRequest",
    description: "OpenAI's request; members that are not listed are passed to the provider.",
    example: { model: "local/extractive", messages: [{ role: "user", content: "How many days of leave are paid?" }] },
  });
export type ChatCompletionRequest = z.infer<typeof ChatCompletionRequest>;

export const FinishReason = z.enum(["stop", "length", "tool_calls", "content_filter", "function_call"]);
export type FinishReason = z.infer<typeof FinishReason>;

/** Reasons are read as text: a provider's own reason must not fail an answer that is otherwise whole. */
const Choice = z.looseObject({
  index: z.int(),
  message: z.looseObject({
    role: z.string(),
    content: z.string().nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(ToolCall).nullish(),
  }),
  finish_reason: z.string().nullish(),
});

export const ChatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: z.number(),
    model: z.string(),
    choices: z.array(Choice),
    usage: ToldUsage,
  })
  .meta({ id: "ChatCompletion" });
export type ChatCompletion = z.infer<typeof ChatCompletion>;

const Delta = z.looseObject({
  role: z.string().nullish(),
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z
    .array(
      z.looseObject({
        index: z.int(),
        id: z.string().nullish(),
        function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).optional(),
      }),
    )
    .nullish(),
});

export const ChatCompletionChunk = z
  .looseObject({
    id: z.string(),
    object: z.string(),
    created: z.number(),
    model: z.string(),
    choices: z.array(z.looseObject({ index: z.int(), delta: Delta, finish_reason: z.string().nullish() })),
    usage: ToldUsage,
  })
  .meta({ id: "ChatCompletionChunk" });
export type ChatCompletionChunk = z.infer<typeof ChatCompletionChunk>;

/** The text of a message: its string, or its text parts one after the other. */
export function messageText(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === "string") return content;
  return (content ?? []).flatMap((part) => (part.type === "text" ? [part.text ?? ""] : [])).join("\n");
}
