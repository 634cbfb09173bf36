import type { CacheOutcome } from "../../domain/llm/answer-cache.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { type CompletionAssembler, completionAssembler } from "../../domain/llm/completion-assembler.ts";
import { completionEvents } from "../../domain/llm/completion-events.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import type { Answered } from "./asked-model.ts";
import { tellBreaker } from "./breakers.ts";
import { settleCached } from "./cached-answer.ts";
import { callModel } from "./call-model.ts";
import { type CacheLook, lookInCache } from "./chat-cache.ts";
import { type ChatCall, openChatCall, promptTokensOf, reserved } from "./chat-call.ts";
import { completeOpened } from "./complete-chat.ts";
import { type FallbackKind, fallbackCompletion } from "./fallback-answer.ts";
import type { Target } from "./find-target.ts";
import { guardedStream, needsWholeAnswer } from "./guard-output.ts";
import type { ModelCall } from "./ports.ts";
import { type CallOptions, costOfCall, settleCall } from "./record-model-call.ts";
import { type Relay, relayStream, type StreamOutcome } from "./relay-stream.ts";
import { watchDrift } from "./watch-drift.ts";

export interface ReceiptedStream {
  /** Server-sent events in OpenAI's form, ready for the client. */
  body: ReadableStream<Uint8Array>;
  provider: string;
  model: string;
  cache: CacheOutcome;
  /** No target answered: this is what the route says then. */
  fallback: FallbackKind | null;
}

/**
 * Answers piece by piece. Another target of the route is tried only before the first word. What was used is put on the bill
 * when the stream ends, however it ends.
 */
export async function streamChat(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions = {},
): Promise<ReceiptedStream> {
  const call = await openChatCall(ctx, request, options, true);
  if (needsWholeAnswer(call)) {
    const { completion, cost: _, ...who } = await completeOpened(ctx, call);
    return { body: replayed(call, completion), ...who };
  }
  const look = await lookInCache(ctx, call);
  if (look.found !== null) {
    settleCached(ctx, call, look.found, look.outcome === "semantic" ? "semantic" : "hit");
    const { completion, provider, model } = look.found;
    return { body: replayed(call, completion), provider, model, cache: look.outcome, fallback: null };
  }
  return freshStream(ctx, call, look);
}

async function freshStream(ctx: ServiceContext, opened: ChatCall, look: CacheLook): Promise<ReceiptedStream> {
  const call = await reserved(ctx, opened);
  try {
    const { answer, answered } = await askTargets(ctx, call, look.outcome !== "bypass");
    const { relay, assembler } = answer;
    const settling = relay.outcome.then((outcome) => settle(ctx, call, { outcome, answered, look, assembler }));
    ctx.later(settling.finally(call.hold.end));
    const { provider, model } = answered.target;
    return { body: relay.body, provider: provider.name, model, cache: look.outcome, fallback: null };
  } catch (error) {
    call.hold.end();
    const { completion, kind, ...who } = await fallbackCompletion(ctx, call, error);
    return { body: replayed(call, completion), ...who, cache: look.outcome, fallback: kind };
  }
}

function askTargets(ctx: ServiceContext, call: ChatCall, isKept: boolean) {
  const asked = { ...call, kind: "chat" as const, promptTokens: () => promptTokensOf(call) };
  return callModel(ctx, asked, (target, modelCall) =>
    begin(ctx, target, call, modelCall, isKept ? completionAssembler() : null),
  );
}

async function begin(
  ctx: ServiceContext,
  { provider, model }: Target,
  call: ChatCall,
  modelCall: ModelCall,
  assembler: CompletionAssembler | null,
): Promise<{ relay: Relay; assembler: CompletionAssembler | null }> {
  const upstream = await ctx.ports.chatModels.open(provider).chat.stream({ ...call.request, model }, modelCall);
  const guarded = guardedStream(ctx, call, upstream);
  const relay = await relayStream(guarded.stream, {
    provider: provider.name,
    wantsUsage: wantsUsage(call.request),
    silenceMs: provider.timeoutMs,
    firstWordBy: modelCall.answerBy,
    clock: ctx.clock,
    askedAt: call.startedAt,
    signal: modelCall.signal,
    passed: assembler,
  });
  if (guarded.noteFindings !== null) ctx.later(relay.outcome.then(guarded.noteFindings));
  return { relay, assembler };
}

interface Ended {
  outcome: StreamOutcome;
  answered: Answered;
  look: CacheLook;
  assembler: CompletionAssembler | null;
}

function settle(ctx: ServiceContext, call: ChatCall, { outcome, answered, look, assembler }: Ended): void {
  const usage = outcome.usage ?? tokenUsage(promptTokensOf(call), outcome.estimatedCompletionTokens);
  settleCall(ctx, {
    ...answered,
    status: outcome.status,
    usage,
    isEstimated: outcome.usage === null,
    firstTokenAt: outcome.firstTokenAt,
    finishReason: outcome.finishReason,
    ...(outcome.problem !== null && { problem: outcome.problem.code }),
  });
  if (outcome.status === "interrupted") ctx.later(tellBreaker(ctx, answered.target, "sick", false));
  const completion = outcome.status === "succeeded" ? (assembler?.completion() ?? null) : null;
  if (outcome.status === "succeeded") ctx.later(watchDrift(ctx, answered, completion));
  if (completion === null) return;
  const { provider, model } = answered.target;
  const costUsdMicros = costOfCall(answered.target, usage).usdMicros;
  look.keep({ completion: { ...completion, usage }, provider: provider.name, model, costUsdMicros });
}

function replayed({ request }: ChatCall, completion: ChatCompletion): ReadableStream<Uint8Array> {
  const events = new TextEncoder().encode(completionEvents(completion, wantsUsage(request)));
  return new ReadableStream({
    start(controller) {
      controller.enqueue(events);
      controller.close();
    },
  });
}

function wantsUsage({ stream_options }: ChatCompletionRequest): boolean {
  return stream_options?.include_usage === true;
}
