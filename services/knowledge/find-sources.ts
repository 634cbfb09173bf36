import type { AnswerRequest } from "../../domain/knowledge/answer.ts";
import { compressed, type Source } from "../../domain/knowledge/answering/compress.ts";
import { answerMessages } from "../../domain/knowledge/answering/prompt.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { ServiceContext } from "../context.ts";
import { searchKnowledge } from "./search-knowledge.ts";

/** Most of what a foreign question finds scores lower; a right passage almost never does. See docs/retrieval.md. */
const MIN_RELEVANCE = 0.35;
// Room for the five passages of 512 tokens that most questions need, and bounded when more are asked for.
const MAX_SOURCE_TOKENS = 3_000;
const DEFAULT_MODEL = "local/extractive";

/** The relevant passages, cut to what bears on the question. None: the documents do not hold an answer. */
export async function findSources(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  { question, topK }: AnswerRequest,
): Promise<Source[]> {
  const { results } = await searchKnowledge(ctx, knowledgeBaseId, {
    query: question,
    topK,
    mode: "hybrid",
    rerank: true,
    minScore: MIN_RELEVANCE,
  });
  return compressed(question, results, MAX_SOURCE_TOKENS);
}

export function chatRequest({ question, model }: AnswerRequest, sources: readonly Source[]): ChatCompletionRequest {
  return {
    model: model ?? DEFAULT_MODEL,
    messages: answerMessages(question, sources).map(({ role, content }) => ({ role, content })),
  };
}
