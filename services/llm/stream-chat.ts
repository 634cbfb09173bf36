import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { estimatedPromptTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { callModel } from "./call-model.ts";
import type { Target } from "./find-target.ts";
import type { ModelCall } from "./ports.ts";
import { type CallOptions, recordModelCall } from "./record-model-call.ts";
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
  requirePermission(ctx, "llm:write");
  const promptTokens = () => estimatedPromptTokens(request);
  const { answer: relay, answered } = await callModel(
    ctx,
    { kind: "chat", model: request.model, isStreamed: true, options, promptTokens },
    (target, call) => begin(ctx, target, request, call),
  );
  const bill = (outcome: StreamOutcome): Promise<void> =>
    recordModelCall(ctx, {
      ...answered,
      status: outcome.status,
      usage: outcome.usage ?? tokenUsage(promptTokens(), outcome.estimatedCompletionTokens),
      isEstimated: outcome.usage === null,
      firstTokenAt: outcome.firstTokenAt,
      finishReason: outcome.finishReason,
      ...(outcome.problem !== null && { problem: outcome.problem.code }),
    });
  ctx.later(relay.outcome.then(bill));
  const { provider, model } = answered.target;
  return { body: relay.body, provider: provider.name, model };
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
