import type { ChatCompletionRequest, ChatMessage } from "./chat-completion.ts";
import type { Guardrail } from "./guardrail.ts";
import { type GuardedText, type Judgement, judged } from "./guardrail-judge.ts";

/** What the model is told by somebody else than the author of the prompt. */
const UNTRUSTED = new Set(["user", "tool", "function"]);

/** The request as its guardrails leave it. */
export function guardedRequest(
  request: ChatCompletionRequest,
  guardrails: readonly Guardrail[],
): { request: ChatCompletionRequest; judgement: Judgement } {
  const judgement = judged(request.messages.flatMap(textsOf), guardrails, "input");
  if (!judgement.findings.some(({ action }) => action === "redact")) return { request, judgement };
  const texts = judgement.texts.values();
  const next = () => texts.next().value ?? "";
  return { request: { ...request, messages: request.messages.map((message) => withTexts(message, next)) }, judgement };
}

/** Every text of a message, in the order in which `withTexts` puts them back. */
function textsOf(message: ChatMessage): GuardedText[] {
  const isUntrusted = UNTRUSTED.has(message.role);
  const { content } = message;
  const texts = typeof content === "string" ? [content] : (content ?? []).flatMap(({ text }) => text ?? []);
  const calls = (message.tool_calls ?? []).flatMap((call) => call.function?.arguments ?? []);
  return [...texts, ...calls].map((text) => ({ text, isUntrusted }));
}

function withTexts(message: ChatMessage, next: () => string): ChatMessage {
  const { content, tool_calls: calls } = message;
  const guarded: ChatMessage = { ...message };
  if (typeof content === "string") guarded.content = next();
  else if (Array.isArray(content)) {
    guarded.content = content.map((part) => (part.text === undefined ? part : { ...part, text: next() }));
  }
  if (calls) {
    guarded.tool_calls = calls.map((call) =>
      call.function === undefined ? call : { ...call, function: { ...call.function, arguments: next() } },
    );
  }
  return guarded;
}
