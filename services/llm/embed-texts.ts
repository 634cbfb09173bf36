import { asProblem } from "../../domain/kernel/problem.ts";
import type { Cost } from "../../domain/llm/price.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { callOf } from "./complete-chat.ts";
import { loadTarget } from "./find-target.ts";
import type { EmbeddingAnswer, EmbeddingInput } from "./ports.ts";
import { type CallOptions, costOfCall, recordModelCall } from "./record-model-call.ts";

export interface ReceiptedEmbeddings {
  answer: EmbeddingAnswer;
  provider: string;
  model: string;
  cost: Cost;
}

/** One vector for each text, in their order; `request.model` is `provider/model`. */
export async function embedTexts(
  ctx: ServiceContext,
  request: EmbeddingInput,
  options: CallOptions = {},
): Promise<ReceiptedEmbeddings> {
  requirePermission(ctx, "llm:write");
  const target = await loadTarget(ctx, request.model);
  const { provider, model } = target;
  const facts = { kind: "embedding", target, options, isStreamed: false, startedAt: ctx.clock.now() } as const;
  let answer: EmbeddingAnswer;
  try {
    answer = await ctx.ports.chatModels.open(provider).embedding.embed({ ...request, model }, callOf(options));
  } catch (error) {
    const status = options.signal?.aborted === true ? "cancelled" : "failed";
    const code = asProblem(error)?.code ?? "internal-error";
    const usage = tokenUsage(0, 0);
    ctx.later(recordModelCall(ctx, { ...facts, status, usage, isEstimated: true, problem: code }));
    throw error;
  }
  const usage = tokenUsage(answer.promptTokens, 0);
  ctx.later(recordModelCall(ctx, { ...facts, status: "succeeded", usage, isEstimated: false }));
  return { answer, provider: provider.name, model, cost: costOfCall(target, usage) };
}
