// Answers from the documents, or says that they hold no answer.
//   Q1  a model is asked only when something relevant was found; what it reads is quoted, never obeyed.
//   Q2  every citation's quote is compared with the stored text before it is shown; one that differs is dropped.
//   Q3  an answer without a citation is never called grounded.
import type { Answer, AnswerRequest } from "../../domain/knowledge/answer.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { completeChatWithReceipt } from "../llm/complete-chat.ts";
import type { CallOptions } from "../llm/record-model-call.ts";
import { chatRequest, findSources } from "./find-sources.ts";
import { answerUsage, proveAnswer, REFUSAL } from "./prove-answer.ts";

export async function answerQuestion(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: AnswerRequest,
  call: CallOptions = {},
): Promise<Answer> {
  // Searching is checked where it is done; that the model is asked at all depends on what it finds.
  requirePermission(ctx, "llm:write");
  const sources = await findSources(ctx, knowledgeBaseId, request);
  if (sources.length === 0) return REFUSAL;
  const { completion, cost } = await completeChatWithReceipt(ctx, chatRequest(request, sources), call);
  const text = completion.choices[0]?.message.content ?? "";
  return proveAnswer(ctx, knowledgeBaseId, { text, sources, usage: answerUsage(completion.usage, cost) });
}
