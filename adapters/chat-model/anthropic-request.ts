import { isJsonObject, type JsonObject } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { type ChatCompletionRequest, type ChatMessage, messageText } from "../../domain/llm/chat-completion.ts";

/** Anthropic wants a limit; every model of theirs can say as much. */
const DEFAULT_MAX_TOKENS = 4_096;
/** Anthropic answers in a given shape by calling a tool of that shape. */
export const JSON_TOOL = "structured_answer";

/** Members of Anthropic's own that pass through as they are. */
const PASSED = ["thinking", "top_k", "service_tier", "container", "context_management"];

type Block = Record<string, unknown>;
interface Turn {
  role: "user" | "assistant";
  content: Block[];
}

/** An OpenAI request as a body of Anthropic's Messages API. */
export function toAnthropicRequest(request: ChatCompletionRequest): Record<string, unknown> {
  if ((request.n ?? 1) > 1) throw unsupported("/n", "Anthropic gives one answer a call");
  const system = request.messages.filter(isInstruction).map(messageText).filter(Boolean).join("\n\n");
  const answerTool = answerToolOf(request);
  const tools = [...(request.tools ?? []).map(toTool), ...(answerTool === null ? [] : [answerTool])];
  const choice = answerTool === null ? toToolChoice(request) : { type: "tool", name: JSON_TOOL };
  const instructions = request.response_format?.type === "json_object" ? `${system}\n\n${JSON_OBJECT_RULE}` : system;
  return {
    model: request.model,
    max_tokens: request.max_completion_tokens ?? request.max_tokens ?? DEFAULT_MAX_TOKENS,
    messages: turnsOf(request.messages),
    ...(instructions !== "" && { system: instructions }),
    ...(typeof request.temperature === "number" && { temperature: Math.min(1, request.temperature) }),
    ...(typeof request.top_p === "number" && { top_p: request.top_p }),
    ...(request.stop && { stop_sequences: [request.stop].flat() }),
    ...(tools.length > 0 && { tools, ...(choice !== null && { tool_choice: choice }) }),
    ...(request.user && { metadata: { user_id: request.user } }),
    ...Object.fromEntries(PASSED.flatMap((name) => (name in request ? [[name, request[name]]] : []))),
  };
}

const JSON_OBJECT_RULE = "Reply with a single JSON object and nothing else.";

function isInstruction({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

/** Anthropic wants turns that alternate: what follows in the same role joins the turn before. Tool results are the user's. */
function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (isInstruction(message)) continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const content = blocksOf(message);
    const last = turns.at(-1);
    if (content.length === 0) continue;
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return turns;
}

function blocksOf(message: ChatMessage): Block[] {
  if (message.role === "tool" || message.role === "function") {
    return [{ type: "tool_result", tool_use_id: message.tool_call_id ?? message.name, content: messageText(message) }];
  }
  const said = contentBlocks(message);
  const calls = (message.tool_calls ?? []).map((call) => ({
    type: "tool_use",
    id: call.id,
    name: call.function?.name,
    input: parsedArguments(call.function?.arguments ?? ""),
  }));
  return [...said, ...calls];
}

/** Anthropic refuses empty texts. */
function contentBlocks({ content }: ChatMessage): Block[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return (content ?? []).flatMap((part): Block[] => {
    switch (part.type) {
      case "text":
        return part.text ? [{ type: "text", text: part.text, ...cacheControl(part) }] : [];
      case "image_url":
        return [{ type: "image", source: imageSource(part.image_url), ...cacheControl(part) }];
      case "refusal":
        return [];
      default:
        throw unsupported("/messages", `Anthropic takes no content of type ${part.type}`);
    }
  });
}

function cacheControl(part: Block): Block {
  return part.cache_control === undefined ? {} : { cache_control: part.cache_control };
}

function imageSource(image: unknown): Block {
  const url = isJsonObject(image) && typeof image.url === "string" ? image.url : "";
  const data = /^data:([\w./+-]+);base64,(.*)$/s.exec(url);
  return data === null ? { type: "url", url } : { type: "base64", media_type: data[1], data: data[2] };
}

/** The arguments a model wrote may be no JSON; Anthropic takes objects only. */
function parsedArguments(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function toTool(tool: NonNullable<ChatCompletionRequest["tools"]>[number]): Block {
  if (tool.function === undefined) throw unsupported("/tools", `Anthropic takes no tool of type ${tool.type}`);
  const { name, description, parameters } = tool.function;
  return { name, ...(description && { description }), input_schema: parameters ?? { type: "object" } };
}

function toToolChoice(request: ChatCompletionRequest): Block | null {
  const single = request.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const choice = request.tool_choice;
  if (choice === "none") return { type: "none" };
  if (choice === "required") return { type: "any", ...single };
  if (isJsonObject(choice) && isJsonObject(choice.function)) {
    return { type: "tool", name: choice.function.name, ...single };
  }
  return request.parallel_tool_calls === false ? { type: "auto", ...single } : null;
}

function answerToolOf({ response_format: format }: ChatCompletionRequest): Block | null {
  if (format?.type !== "json_schema" || !isJsonObject(format.json_schema)) return null;
  const { schema, description } = format.json_schema;
  return {
    name: JSON_TOOL,
    description: typeof description === "string" ? description : "The answer, in the shape that was asked for.",
    input_schema: schema ?? { type: "object" },
  };
}

function unsupported(pointer: string, detail: string): Error {
  return problem("validation-failed", { errors: [{ pointer, detail }] });
}
