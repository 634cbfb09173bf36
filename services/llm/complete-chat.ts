import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { Cost } from "../../domain/llm/price.ts";
import { estimatedPromptTokens, estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { type TokenUsage, tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { callModel } from "./call-model.ts";
import { type CallOptions, costOfCall, recordModelCall } from "./record-model-call.ts";

/** An answer with what it took: who gave it and what it cost. */
export interface ReceiptedCompletion {
  completion: ChatCompletion;
  provider: string;
  model: string;
  cost: Cost;
}

export async function completeChat(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions = {},
): Promise<ChatCompletion> {
  return (await completeChatWithReceipt(ctx, request, options)).completion;
}

export async function completeChatWithReceipt(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions = {},
): Promise<ReceiptedCompletion> {
  requirePermission(ctx, "llm:write");
  const { stream: _, stream_options: __, ...whole } = request;
  const promptTokens = () => estimatedPromptTokens(request);
  const { answer: completion, answered } = await callModel(
    ctx,
    { kind: "chat", model: request.model, isStreamed: false, options, promptTokens },
    ({ provider, model }, call) => ctx.ports.chatModels.open(provider).chat.complete({ ...whole, model }, call),
  );
  const usage = completion.usage ?? estimatedUsage(request, completion);
  ctx.later(
    recordModelCall(ctx, {
      ...answered,
      status: "succeeded",
      usage,
      isEstimated: !completion.usage,
      finishReason: completion.choices[0]?.finish_reason ?? null,
    }),
  );
  const { provider, model } = answered.target;
  return { completion, provider: provider.name, model, cost: costOfCall(answered.target, usage) };
}

function estimatedUsage(request: ChatCompletionRequest, completion: ChatCompletion): TokenUsage {
  const answers = completion.choices.map(({ message }) => estimatedTokens(JSON.stringify(message)));
  return tokenUsage(
    estimatedPromptTokens(request),
    answers.reduce((sum, tokens) => sum + tokens, 0),
  );
}
