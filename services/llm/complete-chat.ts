import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { Cost } from "../../domain/llm/price.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { type TokenUsage, tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { type Answered, callModel } from "./call-model.ts";
import { type ChatCall, openChatCall, promptTokensOf } from "./chat-call.ts";
import { type CallOptions, costOfCall, settleCall } from "./record-model-call.ts";

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
  const call = await openChatCall(ctx, request, options, false);
  const { answer: completion, answered } = await askTargets(ctx, call);
  return settled(ctx, call, completion, answered);
}

function askTargets(ctx: ServiceContext, call: ChatCall) {
  const { stream: _, stream_options: __, ...whole } = call.request;
  return callModel(ctx, { ...call, kind: "chat", promptTokens: () => promptTokensOf(call) }, (target, modelCall) =>
    ctx.ports.chatModels.open(target.provider).chat.complete({ ...whole, model: target.model }, modelCall),
  );
}

function settled(
  ctx: ServiceContext,
  call: ChatCall,
  completion: ChatCompletion,
  answered: Answered,
): ReceiptedCompletion {
  const usage = completion.usage ?? estimatedUsage(call, completion);
  settleCall(ctx, {
    ...answered,
    status: "succeeded",
    usage,
    isEstimated: !completion.usage,
    finishReason: completion.choices[0]?.finish_reason ?? null,
  });
  const { provider, model } = answered.target;
  return { completion, provider: provider.name, model, cost: costOfCall(answered.target, usage) };
}

function estimatedUsage(call: ChatCall, completion: ChatCompletion): TokenUsage {
  const answers = completion.choices.map(({ message }) => estimatedTokens(JSON.stringify(message)));
  return tokenUsage(
    promptTokensOf(call),
    answers.reduce((sum, tokens) => sum + tokens, 0),
  );
}
