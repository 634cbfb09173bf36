import { extractiveAnswer } from "../../domain/knowledge/answering/extractive.ts";
import { readPrompt } from "../../domain/knowledge/answering/prompt.ts";
import { type ChatCompletionRequest, messageText } from "../../domain/llm/chat-completion.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { promptOf } from "./prompt-passages.ts";

export interface ExtractedAnswer {
  text: string;
  /** More would have been said within a larger `max_completion_tokens`. */
  isCut: boolean;
}

export const NO_CONTEXT = "No context was given, and I answer only from the given context.";

/** Sentences of the context, word for word and cited, that hold what the question asks for; or says that there is none. */
export function extractedAnswer(request: ChatCompletionRequest): ExtractedAnswer {
  const last = request.messages.findLast(({ role }) => role === "user");
  const ours = last === undefined ? null : readPrompt(messageText(last));
  const { question, sources } = ours ?? promptOf(request.messages);
  const text = sources.length === 0 ? NO_CONTEXT : extractiveAnswer(question, sources).text;
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY;
  return estimatedTokens(text) <= limit ? { text, isCut: false } : { text: beginning(text, limit), isCut: true };
}

/** As many whole words as the limit allows. */
function beginning(text: string, maxTokens: number): string {
  let end = 0;
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    if (estimatedTokens(text.slice(0, index + word.length)) > maxTokens) break;
    end = index + word.length;
  }
  return text.slice(0, end);
}
