import type { CachedAnswer, CacheOutcome } from "../../domain/llm/answer-cache.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { Cost } from "../../domain/llm/price.ts";
import { estimatedAnswerTokens } from "../../domain/llm/token-estimate.ts";
import { type TokenUsage, tokenUsage, usageSum } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import type { Answered } from "./asked-model.ts";
import { settleCached } from "./cached-answer.ts";
import { callModel } from "./call-model.ts";
import { type CacheLook, lookInCache } from "./chat-cache.ts";
import { type ChatCall, openChatCall, promptTokensOf, reserved } from "./chat-call.ts";
import { type FallbackKind, fallbackCompletion } from "./fallback-answer.ts";
import { guardOutput } from "./guard-output.ts";
import { sharedCall } from "./in-flight.ts";
import { type CallOptions, costOfCall, settleCall } from "./record-model-call.ts";
import { watchDrift } from "./watch-drift.ts";

/** An answer with what it took: who gave it, what it cost, and whether it was given before. */
export interface ReceiptedCompletion {
  completion: ChatCompletion;
  provider: string;
  model: string;
  cost: Cost;
  cache: CacheOutcome;
  /** No target answered: this is what the route says then. */
  fallback: FallbackKind | null;
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
  return completeOpened(ctx, await openChatCall(ctx, request, options, false));
}

/** The stages after the first. */
export async function completeOpened(ctx: ServiceContext, call: ChatCall): Promise<ReceiptedCompletion> {
  const look = await lookInCache(ctx, call);
  if (look.found !== null) return fromCache(ctx, call, look.found, look.outcome === "semantic" ? "semantic" : "hit");
  const ask = () => freshCompletion(ctx, call, look);
  if (look.flightKey === null) return ask();
  const { signal } = call.options;
  const until = call.route.timeoutMs === null ? null : call.startedAt + call.route.timeoutMs;
  const { value, isShared } = await sharedCall(ctx, { key: look.flightKey, signal, until }, ask);
  if (!isShared || value.fallback !== null) return value;
  return fromCache(ctx, call, { ...value, costUsdMicros: value.cost.usdMicros }, "hit");
}

async function freshCompletion(ctx: ServiceContext, call: ChatCall, look: CacheLook): Promise<ReceiptedCompletion> {
  try {
    const first = await askedAnswer(ctx, call);
    const receipt = await guardOutput(ctx, call, first, async (request) =>
      afterFirst(first, await askedAnswer(ctx, { ...call, request })),
    );
    look.keep({ ...receipt, costUsdMicros: receipt.cost.usdMicros });
    return { ...receipt, cache: look.outcome, fallback: null };
  } catch (error) {
    const { kind, ...answer } = await fallbackCompletion(ctx, call, error);
    return { ...answer, cost: { usdMicros: 0, priced: true }, cache: look.outcome, fallback: kind };
  }
}

/** Each time a model is asked the budgets hold what that may cost, also to mend an answer. */
async function askedAnswer(ctx: ServiceContext, opened: ChatCall) {
  const call = await reserved(ctx, opened);
  try {
    const { answer, answered } = await askTargets(ctx, call);
    ctx.later(watchDrift(ctx, answered, answer));
    return settled(ctx, call, answer, answered);
  } finally {
    call.hold.end();
  }
}

type Asked = Awaited<ReturnType<typeof askedAnswer>>;

/** A mended answer has used and cost what the first one did, too. */
function afterFirst(first: Asked, mended: Asked): Asked {
  const usdMicros = first.cost.usdMicros + mended.cost.usdMicros;
  const cost = { usdMicros, priced: first.cost.priced && mended.cost.priced };
  const { usage: before } = first.completion;
  const { usage: after } = mended.completion;
  const completion = before && after ? { ...mended.completion, usage: usageSum(before, after) } : mended.completion;
  return { ...mended, completion, cost };
}

function askTargets(ctx: ServiceContext, call: ChatCall) {
  const { stream: _, stream_options: __, ...whole } = call.request;
  return callModel(ctx, { ...call, kind: "chat", promptTokens: () => promptTokensOf(call) }, (target, modelCall) =>
    ctx.ports.chatModels.open(target.provider).chat.complete({ ...whole, model: target.model }, modelCall),
  );
}

function settled(ctx: ServiceContext, call: ChatCall, completion: ChatCompletion, answered: Answered) {
  const usage = completion.usage ?? estimatedUsage(call, completion);
  settleCall(ctx, {
    ...answered,
    status: "succeeded",
    usage,
    isEstimated: !completion.usage,
    finishReason: completion.choices[0]?.finish_reason ?? null,
    isRefusal: completion.choices.some((choice) => choice.message.refusal || choice.finish_reason === "content_filter"),
  });
  const { provider, model } = answered.target;
  return { completion, provider: provider.name, model, cost: costOfCall(answered.target, usage) };
}

function fromCache(
  ctx: ServiceContext,
  call: ChatCall,
  answer: CachedAnswer,
  as: "hit" | "semantic",
): ReceiptedCompletion {
  settleCached(ctx, call, answer, as);
  const { completion, provider, model } = answer;
  return { completion, provider, model, cost: { usdMicros: 0, priced: true }, cache: as, fallback: null };
}

function estimatedUsage(call: ChatCall, completion: ChatCompletion): TokenUsage {
  const answers = completion.choices.map(({ message }) => estimatedAnswerTokens(message));
  return tokenUsage(
    promptTokensOf(call),
    answers.reduce((sum, tokens) => sum + tokens, 0),
  );
}
