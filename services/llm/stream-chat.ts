import { asProblem } from "../../domain/kernel/problem.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { estimatedPromptTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { callOf } from "./complete-chat.ts";
import { loadTarget, type Target } from "./find-target.ts";
import { type CallOptions, recordModelCall } from "./record-model-call.ts";
import { type Relay, relayStream, type StreamOutcome } from "./relay-stream.ts";

export interface ReceiptedStream {
  /** Server-sent events in OpenAI's form, ready for the client. */
  body: ReadableStream<Uint8Array>;
  provider: string;
  model: string;
}

/** Answers piece by piece. What was used is put on the bill when the stream ends, however it ends. */
export async function streamChat(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions = {},
): Promise<ReceiptedStream> {
  requirePermission(ctx, "llm:write");
  const target = await loadTarget(ctx, request.model);
  const startedAt = ctx.clock.now();
  const facts = { kind: "chat", target, options, isStreamed: true, startedAt } as const;
  let relay: Relay;
  try {
    relay = await begin(ctx, target, request, options);
  } catch (error) {
    const isCancelled = options.signal?.aborted === true;
    const usage = tokenUsage(isCancelled ? estimatedPromptTokens(request) : 0, 0);
    const status = isCancelled ? "cancelled" : "failed";
    const code = asProblem(error)?.code ?? "internal-error";
    ctx.later(recordModelCall(ctx, { ...facts, status, usage, isEstimated: true, problem: code }));
    throw error;
  }
  const bill = async (outcome: StreamOutcome): Promise<void> =>
    recordModelCall(ctx, {
      ...facts,
      status: outcome.status,
      usage: outcome.usage ?? tokenUsage(estimatedPromptTokens(request), outcome.estimatedCompletionTokens),
      isEstimated: outcome.usage === null,
      firstTokenAt: outcome.firstTokenAt,
      finishReason: outcome.finishReason,
      ...(outcome.problem !== null && { problem: outcome.problem.code }),
    });
  ctx.later(relay.outcome.then(bill));
  return { body: relay.body, provider: target.provider.name, model: target.model };
}

async function begin(
  ctx: ServiceContext,
  { provider, model }: Target,
  request: ChatCompletionRequest,
  options: CallOptions,
): Promise<Relay> {
  const { chat } = ctx.ports.chatModels.open(provider);
  const upstream = await chat.stream({ ...request, model }, callOf(options));
  return relayStream(upstream, {
    provider: provider.name,
    wantsUsage: request.stream_options?.include_usage === true,
    silenceMs: provider.timeoutMs,
    clock: ctx.clock,
    signal: options.signal,
  });
}
