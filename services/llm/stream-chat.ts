import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { type Answered, callModel } from "./call-model.ts";
import { type ChatCall, openChatCall, promptTokensOf } from "./chat-call.ts";
import type { Target } from "./find-target.ts";
import type { ModelCall } from "./ports.ts";
import { type CallOptions, settleCall } from "./record-model-call.ts";
import { type Relay, relayStream, type StreamOutcome } from "./relay-stream.ts";

export interface ReceiptedStream {
  /** Server-sent events in OpenAI's form, ready for the client. */
  body: ReadableStream<Uint8Array>;
  provider: string;
  model: string;
}

/**
 * Answers piece by piece. Another target of the route is tried only before the first event. What was used is put on the bill
 * when the stream ends, however it ends.
 */
export async function streamChat(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions = {},
): Promise<ReceiptedStream> {
  const call = await openChatCall(ctx, request, options, true);
  const { answer: relay, answered } = await askTargets(ctx, call);
  ctx.later(relay.outcome.then((outcome) => settle(ctx, call, outcome, answered)));
  const { provider, model } = answered.target;
  return { body: relay.body, provider: provider.name, model };
}

function askTargets(ctx: ServiceContext, call: ChatCall) {
  const asked = { ...call, kind: "chat" as const, promptTokens: () => promptTokensOf(call) };
  return callModel(ctx, asked, (target, modelCall) => begin(ctx, target, call.request, modelCall));
}

async function begin(
  ctx: ServiceContext,
  { provider, model }: Target,
  request: ChatCompletionRequest,
  call: ModelCall,
): Promise<Relay> {
  const upstream = await ctx.ports.chatModels.open(provider).chat.stream({ ...request, model }, call);
  return relayStream(upstream, {
    provider: provider.name,
    wantsUsage: request.stream_options?.include_usage === true,
    silenceMs: provider.timeoutMs,
    clock: ctx.clock,
    signal: call.signal,
  });
}

function settle(ctx: ServiceContext, call: ChatCall, outcome: StreamOutcome, answered: Answered): void {
  settleCall(ctx, {
    ...answered,
    status: outcome.status,
    usage: outcome.usage ?? tokenUsage(promptTokensOf(call), outcome.estimatedCompletionTokens),
    isEstimated: outcome.usage === null,
    firstTokenAt: outcome.firstTokenAt,
    finishReason: outcome.finishReason,
    ...(outcome.problem !== null && { problem: outcome.problem.code }),
  });
}
