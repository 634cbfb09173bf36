import { asProblem } from "../../domain/kernel/problem.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { Cost } from "../../domain/llm/price.ts";
import { estimatedPromptTokens, estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { type TokenUsage, tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadTarget, type Target } from "./find-target.ts";
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
  const target = await loadTarget(ctx, request.model);
  const startedAt = ctx.clock.now();
  const facts = { kind: "chat", target, options, isStreamed: false, startedAt } as const;
  let completion: ChatCompletion;
  try {
    completion = await answerOf(ctx, target, request, options);
  } catch (error) {
    // Who leaves before the answer is billed by the provider all the same, at least for the prompt.
    const isCancelled = options.signal?.aborted === true;
    const usage = tokenUsage(isCancelled ? estimatedPromptTokens(request) : 0, 0);
    const status = isCancelled ? "cancelled" : "failed";
    const code = asProblem(error)?.code ?? "internal-error";
    ctx.later(recordModelCall(ctx, { ...facts, status, usage, isEstimated: true, problem: code }));
    throw error;
  }
  const usage = completion.usage ?? estimatedUsage(request, completion);
  ctx.later(
    recordModelCall(ctx, {
      ...facts,
      status: "succeeded",
      usage,
      isEstimated: !completion.usage,
      finishReason: completion.choices[0]?.finish_reason ?? null,
    }),
  );
  return { completion, provider: target.provider.name, model: target.model, cost: costOfCall(target, usage) };
}

function answerOf(
  ctx: ServiceContext,
  { provider, model }: Target,
  request: ChatCompletionRequest,
  options: CallOptions,
): Promise<ChatCompletion> {
  const { stream: _, stream_options: __, ...rest } = request;
  const { chat } = ctx.ports.chatModels.open(provider);
  return chat.complete({ ...rest, model }, { ...callOf(options) });
}

/** What of a caller's options the provider's side needs to know. */
export function callOf({ idempotencyKey, signal }: CallOptions): { idempotencyKey?: string; signal?: AbortSignal } {
  return { ...(idempotencyKey !== undefined && { idempotencyKey }), ...(signal !== undefined && { signal }) };
}

function estimatedUsage(request: ChatCompletionRequest, completion: ChatCompletion): TokenUsage {
  const answer = completion.choices.map(({ message }) => estimatedTokens(JSON.stringify(message)));
  return tokenUsage(
    estimatedPromptTokens(request),
    answer.reduce((sum, tokens) => sum + tokens, 0),
  );
}
