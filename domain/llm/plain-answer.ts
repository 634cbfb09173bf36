import type * as z from "zod";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { ChatCompletion, ChatCompletionChunk } from "./chat-completion.ts";
import { MAX_TOKENS } from "./token-usage.ts";

// Answers of models, read from JSON. Nearly all have one shape, which a few comparisons prove; the schema judges the others.
//   P1  What the comparisons accept, the schema accepts as the same value.

type Read<T> = z.ZodSafeParseResult<T>;

export function readCompletion(value: unknown): Read<ChatCompletion> {
  return isPlainCompletion(value) ? { success: true, data: value } : ChatCompletion.safeParse(value);
}

export function readChunk(value: unknown): Read<ChatCompletionChunk> {
  return isPlainChunk(value) ? { success: true, data: value } : ChatCompletionChunk.safeParse(value);
}

function isPlainCompletion(value: unknown): value is ChatCompletion {
  return (
    hasHead(value) &&
    value.object === "chat.completion" &&
    areAll(value.choices, ({ message }) => isJsonObject(message) && typeof message.role === "string" && isSaid(message))
  );
}

function isPlainChunk(value: unknown): value is ChatCompletionChunk {
  return (
    hasHead(value) &&
    areAll(value.choices, ({ delta }) => isJsonObject(delta) && isTextOrNone(delta.role) && isSaid(delta))
  );
}

function hasHead(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    typeof value.id === "string" &&
    typeof value.object === "string" &&
    Number.isFinite(value.created) &&
    typeof value.model === "string" &&
    (isNone(value.usage) || isPlainUsage(value.usage))
  );
}

function isPlainUsage(usage: unknown): boolean {
  if (!isJsonObject(usage)) return false;
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage;
  return (
    isCount(usage.prompt_tokens) &&
    isCount(usage.completion_tokens) &&
    isCount(usage.total_tokens) &&
    areCounts(prompt, ["cached_tokens", "cache_write_tokens"]) &&
    areCounts(completion, ["reasoning_tokens"])
  );
}

function areCounts(details: unknown, names: readonly string[]): boolean {
  if (isNone(details)) return true;
  return isJsonObject(details) && names.every((name) => isNone(details[name]) || isCount(details[name]));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TOKENS;
}

function areAll(choices: unknown, isPlain: (choice: JsonObject) => boolean): boolean {
  return (
    Array.isArray(choices) &&
    choices.every(
      (choice) =>
        isJsonObject(choice) &&
        Number.isSafeInteger(choice.index) &&
        isTextOrNone(choice.finish_reason) &&
        isPlain(choice),
    )
  );
}

function isSaid({ content, refusal, tool_calls }: JsonObject): boolean {
  return isTextOrNone(content) && isTextOrNone(refusal) && isNone(tool_calls);
}

function isTextOrNone(value: unknown): boolean {
  return isNone(value) || typeof value === "string";
}

function isNone(value: unknown): boolean {
  return value === null || value === undefined;
}
