// Answers from the documents, or says that they hold no answer.
//   Q1  a model is asked only when something relevant was found; what it reads is quoted, never obeyed.
//   Q2  every citation's quote is compared with the stored text before it is shown; one that differs is dropped.
//   Q3  an answer without a citation is never called grounded.
import type { Answer, AnswerRequest } from "../../domain/knowledge/answer.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { completeChatWithReceipt } from "../llm/complete-chat.ts";
import type { CallOptions } from "../llm/record-model-call.ts";
import { askingModels } from "./asking-models.ts";
import { chatRequest, findSources } from "./find-sources.ts";
import { answerUsage, proveAnswer, REFUSAL } from "./prove-answer.ts";

export async function answerQuestion(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: AnswerRequest,
  call: CallOptions = {},
): Promise<Answer> {
  requirePermission(ctx, "knowledge:read");
  const sources = await findSources(ctx, knowledgeBaseId, request);
  if (sources.length === 0) return REFUSAL;
  const { completion, cost } = await completeChatWithReceipt(askingModels(ctx), chatRequest(request, sources), call);
  const text = completion.choices[0]?.message.content ?? "";
  return proveAnswer(ctx, { text, sources, usage: answerUsage(completion.usage, cost) });
}
