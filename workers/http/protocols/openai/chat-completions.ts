import { problem } from "../../../../domain/kernel/problem.ts";
import { CacheControl } from "../../../../domain/llm/answer-cache.ts";
import { ChatCompletion, ChatCompletionRequest } from "../../../../domain/llm/chat-completion.ts";
import { isPlainRequest } from "../../../../domain/llm/plain-request.ts";
import { completeChatWithReceipt, type ReceiptedCompletion } from "../../../../services/llm/complete-chat.ts";
import { streamChat } from "../../../../services/llm/stream-chat.ts";
import { type Routes, reply } from "../../operation.ts";

/** Pictures and files travel inside messages. */
const MAX_BODY_BYTES = 20 * 1_048_576;

const CACHE_CONTROL_HEADER = "x-weft-cache-control";

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

type Receipt = Pick<ReceiptedCompletion, "provider" | "model" | "cache" | "fallback">;

export function addChatCompletions(routes: Routes): void {
  routes.add(
    {
      method: "post",
      path: "/v1/chat/completions",
      id: "createChatCompletion",
      tag: "LLM gateway",
      summary: "OpenAI's chat completions, whole or as server-sent events",
      access: "llm:write",
      body: ChatCompletionRequest,
      isPlain: isPlainRequest,
      maxBytes: MAX_BODY_BYTES,
      returns: { 200: ChatCompletion },
      streams: true,
      problems: [
        "not-found",
        "content-blocked",
        "provider-failed",
        "provider-refused",
        "provider-timeout",
        "unavailable",
        "quota-exceeded",
      ],
    },
    async ({ ctx, body, http }) => {
      const options = { signal: http.req.raw.signal, ...cacheControlOf(http.req.header(CACHE_CONTROL_HEADER)) };
      if (body.stream === true) {
        const { body: events, ...receipt } = await streamChat(ctx, body, options);
        return new Response(events, { headers: { ...STREAM_HEADERS, ...receiptHeaders(receipt) } });
      }
      const { completion, cost, ...receipt } = await completeChatWithReceipt(ctx, body, options);
      const headers = { ...receiptHeaders(receipt), "x-weft-cost-usd-micros": String(cost.usdMicros) };
      return reply(200, completion, headers);
    },
  );
}

function receiptHeaders({ provider, model, cache, fallback }: Receipt): Record<string, string> {
  return {
    "x-weft-provider": provider,
    "x-weft-model": model,
    "x-weft-cache": cache,
    ...(fallback !== null && { "x-weft-fallback": fallback }),
  };
}

function cacheControlOf(header: string | undefined): { cacheControl?: CacheControl } {
  if (header === undefined) return {};
  const control = CacheControl.safeParse(header.trim().toLowerCase());
  if (control.success) return { cacheControl: control.data };
  throw problem("validation-failed", {
    errors: [{ pointer: CACHE_CONTROL_HEADER, detail: "must be no-store or no-cache" }],
  });
}
