import * as z from "zod";
import { isJsonObject, type JsonObject } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { type ChatCompletionRequest, type ChatMessage, messageText } from "../../domain/llm/chat-completion.ts";
import { SealedThought } from "./anthropic-thought.ts";

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
  if ((request.n ?? 1) > 1) refuse("/n", "Anthropic gives one answer a call");
  const answerTool = answerToolOf(request);
  const offered = offeredTools(request);
  const tools = [...offered, ...(answerTool === null ? [] : [answerTool])];
  const choice = answerTool === null ? toToolChoice(request) : answerToolChoice(request, offered);
  const system = instructionsOf(request);
  return {
    model: request.model,
    max_tokens: request.max_completion_tokens ?? request.max_tokens ?? DEFAULT_MAX_TOKENS + thinkingTokens(request),
    messages: turnsOf(request.messages),
    ...(system.length > 0 && { system }),
    ...(typeof request.temperature === "number" && { temperature: Math.min(1, request.temperature) }),
    ...(typeof request.top_p === "number" && { top_p: request.top_p }),
    ...(request.stop && { stop_sequences: [request.stop].flat() }),
    ...(tools.length > 0 && { tools, ...(choice !== null && { tool_choice: choice }) }),
    ...(request.user && { metadata: { user_id: request.user } }),
    ...Object.fromEntries(PASSED.flatMap((name) => (name in request ? [[name, request[name]]] : []))),
  };
}

const JSON_OBJECT_RULE = "Reply with a single JSON object and nothing else.";

/** One text, or blocks where one of them marks what is to be cached. */
function instructionsOf({ messages, response_format: format }: ChatCompletionRequest): string | Block[] {
  const instructions = messages.filter(isInstruction);
  const rule = format?.type === "json_object" ? [JSON_OBJECT_RULE] : [];
  const blocks = instructions.flatMap(contentBlocks);
  if (blocks.some(isMarked)) return [...blocks, ...rule.map((text) => ({ type: "text", text }))];
  return [...instructions.map(messageText), ...rule].filter(Boolean).join("\n\n");
}

/** What is thought counts as written, and the limit must be above it. */
function thinkingTokens({ thinking }: ChatCompletionRequest): number {
  return isJsonObject(thinking) && typeof thinking.budget_tokens === "number" ? thinking.budget_tokens : 0;
}

function isMarked(block: Block): boolean {
  return block.cache_control !== undefined;
}

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
    const blocks = contentBlocks(message);
    const isText = blocks.every((block) => block.type === "text" && !isMarked(block));
    const content = isText ? messageText(message) : blocks;
    return [{ type: "tool_result", tool_use_id: message.tool_call_id ?? message.name, content }];
  }
  const thoughts = z.array(SealedThought).safeParse(message.thinking_blocks).data ?? [];
  const said = contentBlocks(message);
  const calls = (message.tool_calls ?? []).map((call) => ({
    type: "tool_use",
    id: call.id,
    name: call.function?.name,
    input: parsedArguments(call.function?.arguments ?? ""),
  }));
  return [...thoughts, ...said, ...calls];
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
      case "file":
        return [{ type: "document", ...documentSource(part.file), ...cacheControl(part) }];
      case "refusal":
        return [];
      default:
        return refuse("/messages", `Anthropic takes no content of type ${part.type}`);
    }
  });
}

function cacheControl(part: Block): Block {
  return part.cache_control === undefined ? {} : { cache_control: part.cache_control };
}

function imageSource(image: unknown): Block {
  const url = isJsonObject(image) && typeof image.url === "string" ? image.url : "";
  if (/^https?:\/\//i.test(url)) return { type: "url", url };
  return base64Source(url) ?? refuse("/messages", "Anthropic takes a picture as an address or as base64 data");
}

/** OpenAI's `file` holds a document as a data URL, or the id of one that OpenAI keeps. */
function documentSource(file: unknown): Block {
  const { file_data: data, filename: title } = isJsonObject(file) ? file : {};
  const source = base64Source(typeof data === "string" ? data : "");
  if (source?.media_type !== "application/pdf") refuse("/messages", "Anthropic takes a file as a PDF in base64");
  return { source, ...(typeof title === "string" && { title }) };
}

function base64Source(dataUrl: string): Block | null {
  const data = /^data:([\w./+-]+);base64,(.*)$/s.exec(dataUrl);
  return data === null ? null : { type: "base64", media_type: data[1], data: data[2] };
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

function offeredTools({ tools, tool_choice: choice }: ChatCompletionRequest): Block[] {
  const allowed = allowedTools(choice);
  const offered = (tools ?? []).map(toTool);
  return allowed === null ? offered : offered.filter(({ name }) => allowed.names.includes(name));
}

function toTool(tool: NonNullable<ChatCompletionRequest["tools"]>[number]): Block {
  if (tool.function === undefined) refuse("/tools", `Anthropic takes no tool of type ${tool.type}`);
  const { name, description, parameters } = tool.function;
  const schema = parameters ?? { type: "object" };
  return { name, ...(description && { description }), input_schema: schema, ...cacheControl(tool) };
}

function toToolChoice(request: ChatCompletionRequest): Block | null {
  const single = request.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const choice = allowedTools(request.tool_choice)?.mode ?? request.tool_choice ?? "auto";
  if (choice === "auto") return request.parallel_tool_calls === false ? { type: "auto", ...single } : null;
  if (choice === "none") return { type: "none" };
  if (choice === "required") return { type: "any", ...single };
  if (isJsonObject(choice) && isJsonObject(choice.function)) {
    return { type: "tool", name: choice.function.name, ...single };
  }
  return refuse("/tool_choice", "Anthropic knows no such choice of a tool");
}

/** OpenAI's `allowed_tools`: the choice is between some of the tools. */
function allowedTools(choice: ChatCompletionRequest["tool_choice"]): { mode: unknown; names: unknown[] } | null {
  if (!isJsonObject(choice) || choice.type !== "allowed_tools" || !isJsonObject(choice.allowed_tools)) return null;
  const { mode, tools } = choice.allowed_tools;
  const functions = (Array.isArray(tools) ? tools : []).map((tool) => (isJsonObject(tool) ? tool.function : null));
  return { mode: mode ?? "auto", names: functions.filter(isJsonObject).map(({ name }) => name) };
}

/** The answer's tool is called at the end; tools of the client's own may be called before. */
function answerToolChoice({ tool_choice: choice }: ChatCompletionRequest, offered: readonly Block[]): Block {
  return offered.length > 0 && choice !== "none" ? { type: "any" } : { type: "tool", name: JSON_TOOL };
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

function refuse(pointer: string, detail: string): never {
  throw problem("validation-failed", { errors: [{ pointer, detail }] });
}
