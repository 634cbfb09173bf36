import { problem } from "../../domain/kernel/problem.ts";
import type { Answer, AnswerRequest, Citation } from "../../domain/knowledge/answer.ts";
import type { Source } from "../../domain/knowledge/answering/compress.ts";
import { ChatCompletionChunk } from "../../domain/llm/chat-completion.ts";
import { DONE, eventStreamParser } from "../../domain/llm/event-stream.ts";
import type { TokenUsage } from "../../domain/llm/token-usage.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadTarget } from "../llm/find-target.ts";
import { type CallOptions, costOfCall } from "../llm/record-model-call.ts";
import { streamChat } from "../llm/stream-chat.ts";
import { askingModels } from "./asking-models.ts";
import { chatRequest, findSources } from "./find-sources.ts";
import { answerUsage, proveAnswer, REFUSAL } from "./prove-answer.ts";

/** Text as the model writes it; then what it rests on; then the whole, which is what counts. */
export type AnswerEvent =
  | { type: "delta"; data: { text: string } }
  | { type: "citations"; data: { citations: Citation[] } }
  | { type: "done"; data: Answer };

/** Resolves when the model has agreed to answer, so that what fails before then is thrown like in `answerQuestion`. */
export async function streamAnswer(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: AnswerRequest,
  call: CallOptions = {},
): Promise<AsyncIterable<AnswerEvent>> {
  requirePermission(ctx, "knowledge:read");
  const sources = await findSources(ctx, knowledgeBaseId, request);
  if (sources.length === 0) return refusalEvents();
  const chat = { ...chatRequest(request, sources), stream: true, stream_options: { include_usage: true } };
  const [target, { body }] = await Promise.all([
    loadTarget(ctx, chat.model),
    streamChat(askingModels(ctx), chat, call),
  ]);
  return answerEvents(ctx, sources, body, (usage) => costOfCall(target, usage));
}

async function* refusalEvents(): AsyncGenerator<AnswerEvent> {
  yield { type: "delta", data: { text: REFUSAL.answer } };
  yield { type: "citations", data: { citations: [] } };
  yield { type: "done", data: REFUSAL };
}

async function* answerEvents(
  ctx: ServiceContext,
  sources: readonly Source[],
  body: ReadableStream<Uint8Array>,
  costOf: (usage: TokenUsage) => ReturnType<typeof costOfCall>,
): AsyncGenerator<AnswerEvent> {
  let text = "";
  let usage: TokenUsage | null = null;
  for await (const chunk of completionChunks(body)) {
    const delta = chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
    if (delta === "") continue;
    text += delta;
    yield { type: "delta", data: { text: delta } };
  }
  const cost = usage === null ? { usdMicros: 0, priced: false } : costOf(usage);
  const answer = await proveAnswer(ctx, { text, sources, usage: answerUsage(usage, cost) });
  yield { type: "citations", data: { citations: answer.citations } };
  yield { type: "done", data: answer };
}

async function* completionChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatCompletionChunk> {
  const parser = eventStreamParser();
  let isDone = false;
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    for (const data of parser.push(part)) {
      if (data === DONE) {
        isDone = true;
        continue;
      }
      const chunk = ChatCompletionChunk.safeParse(JSON.parse(data));
      if (chunk.success) yield chunk.data;
    }
  }
  if (!isDone) throw problem("provider-failed", { detail: "The model broke off its answer." });
}
