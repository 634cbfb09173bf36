import type { Cost } from "../../domain/llm/price.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { holdBudgets } from "./budget-hold.ts";
import { callModel } from "./call-model.ts";
import { loadRoute } from "./load-route.ts";
import type { EmbeddingAnswer, EmbeddingInput } from "./ports.ts";
import { type CallOptions, costOfCall, settleCall } from "./record-model-call.ts";

export interface ReceiptedEmbeddings {
  answer: EmbeddingAnswer;
  provider: string;
  model: string;
  cost: Cost;
}

/**
 * One vector for each text, in their order. Vectors of different models compare with nothing: whoever keeps them asks a route only
 * where all its targets are the same model.
 */
export async function embedTexts(
  ctx: ServiceContext,
  request: EmbeddingInput,
  options: CallOptions = {},
): Promise<ReceiptedEmbeddings> {
  requirePermission(ctx, "llm:write");
  const startedAt = ctx.clock.now();
  const route = await loadRoute(ctx, request.model);
  const promptTokens = () => tokensOf(request);
  const hold = await holdBudgets(ctx, route, promptTokens);
  try {
    const { answer, answered } = await callModel(
      ctx,
      { kind: "embedding", route, isStreamed: false, startedAt, options, hold, promptTokens },
      ({ provider, model }, call) => ctx.ports.chatModels.open(provider).embedding.embed({ ...request, model }, call),
    );
    const usage = tokenUsage(answer.promptTokens, 0);
    settleCall(ctx, { ...answered, status: "succeeded", usage, isEstimated: answer.isEstimated });
    const { provider, model } = answered.target;
    return { answer, provider: provider.name, model, cost: costOfCall(answered.target, usage) };
  } finally {
    hold.end();
  }
}

function tokensOf({ input }: EmbeddingInput): number {
  const counts = input.map((item) => (typeof item === "string" ? estimatedTokens(item) : item.length));
  return counts.reduce((sum, count) => sum + count, 0);
}
