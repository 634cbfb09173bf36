import { isJsonObject } from "../kernel/json.ts";
import { type ChatCompletionRequest, messageText } from "./chat-completion.ts";

/** What OpenAI's format adds to a message: its role and two separators. */
const TOKENS_PER_MESSAGE = 4;
/** A picture at low detail costs 85 tokens with every OpenAI model; the real count comes with the provider's answer. */
const TOKENS_PER_MEDIA_PART = 85;

/**
 * Tokens of a text where no provider has counted them: before a call, and after one that broke off. One look at each
 * character: about four letters of an alphabet to a token, one for each sign of the scripts that are written without spaces.
 */
export function estimatedTokens(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i++) quarters += quartersOf(text.charCodeAt(i));
  return Math.ceil(quarters / 4);
}

export function estimatedPromptTokens(request: Pick<ChatCompletionRequest, "messages" | "tools">): number {
  let tokens = request.tools ? estimatedTokens(JSON.stringify(request.tools)) : 0;
  for (const message of request.messages) {
    tokens += TOKENS_PER_MESSAGE + estimatedTokens(messageText(message));
    if (message.tool_calls) tokens += estimatedTokens(JSON.stringify(message.tool_calls));
    if (Array.isArray(message.content)) {
      tokens += TOKENS_PER_MEDIA_PART * message.content.filter(({ type }) => type !== "text").length;
    }
  }
  return tokens;
}

/** Of what a model said: a message, or the part of one that an event of a stream adds. */
export function estimatedAnswerTokens(said: Record<string, unknown>): number {
  let tokens = 0;
  for (const name in said) {
    const value = said[name];
    if (name === "tool_calls" && Array.isArray(value)) for (const call of value) tokens += callTokens(call);
    else if (name !== "role" && typeof value === "string") tokens += estimatedTokens(value);
  }
  return tokens;
}

/** A model writes the name of a call and its arguments; index and id are the provider's. */
function callTokens(call: unknown): number {
  if (!isJsonObject(call) || !isJsonObject(call.function)) return estimatedTokens(JSON.stringify(call));
  const { name, arguments: text } = call.function;
  return estimatedTokens(typeof name === "string" ? name : "") + estimatedTokens(typeof text === "string" ? text : "");
}

/** Latin letters are a quarter of a token; Greek to Georgian and the like about half; Han, Kana and Hangul close to one. */
function quartersOf(code: number): number {
  if (code < 0x370) return 1;
  if (code < 0x2e80) return 2;
  if (code < 0xd800) return 4;
  // Half of a surrogate pair: the sign it belongs to is about two tokens.
  return code < 0xe000 ? 4 : 3;
}
