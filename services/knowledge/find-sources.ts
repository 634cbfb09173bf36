import type { AnswerRequest } from "../../domain/knowledge/answer.ts";
import { compressed, type Source } from "../../domain/knowledge/answering/compress.ts";
import { answerMessages } from "../../domain/knowledge/answering/prompt.ts";
import { SearchConfiguration } from "../../domain/knowledge/search.ts";
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
  { question, topK, filter, knowledgeBaseIds }: AnswerRequest,
): Promise<Source[]> {
  const configuration = SearchConfiguration.parse({ minScore: MIN_RELEVANCE, filter });
  const searches = [...new Set([knowledgeBaseId, ...knowledgeBaseIds])].map(async (id) => {
    const { results } = await searchKnowledge(ctx, id, { ...configuration, query: question, topK });
    return results.map((result) => ({ ...result, knowledgeBaseId: id }));
  });
  // Scores compare between knowledge bases: they say how much of the question is in a passage, whatever stands beside it.
  const passages = (await Promise.all(searches)).flat().toSorted((a, b) => b.score - a.score);
  return compressed(question, passages.slice(0, topK), MAX_SOURCE_TOKENS);
}

export function chatRequest({ question, model }: AnswerRequest, sources: readonly Source[]): ChatCompletionRequest {
  return {
    model: model ?? DEFAULT_MODEL,
    messages: answerMessages(question, sources).map(({ role, content }) => ({ role, content })),
  };
}
