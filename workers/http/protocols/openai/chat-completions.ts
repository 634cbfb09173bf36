import { ChatCompletion, ChatCompletionRequest } from "../../../../domain/llm/chat-completion.ts";
import { completeChatWithReceipt } from "../../../../services/llm/complete-chat.ts";
import { streamChat } from "../../../../services/llm/stream-chat.ts";
import { type Routes, reply } from "../../operation.ts";

/** Pictures and files travel inside messages. */
const MAX_BODY_BYTES = 20 * 1_048_576;

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

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
      maxBytes: MAX_BODY_BYTES,
      returns: { 200: ChatCompletion },
      problems: ["provider-failed", "provider-refused", "provider-timeout", "unavailable", "quota-exceeded"],
    },
    async ({ ctx, body, http }) => {
      const options = { signal: http.req.raw.signal };
      if (body.stream === true) {
        const { body: events, provider, model } = await streamChat(ctx, body, options);
        const headers = { ...STREAM_HEADERS, "x-weft-provider": provider, "x-weft-model": model };
        return new Response(events, { headers });
      }
      const { completion, provider, model, cost } = await completeChatWithReceipt(ctx, body, options);
      return reply(200, completion, {
        "x-weft-provider": provider,
        "x-weft-model": model,
        "x-weft-cost-usd-micros": String(cost.usdMicros),
      });
    },
  );
}
