import { isJsonObject } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { DONE, eventStreamParser, eventText } from "../../domain/llm/event-stream.ts";
import type { ProviderAccess, ProviderModels } from "../../services/llm/ports.ts";
import { AnthropicMessage, toCompletion } from "./anthropic-answer.ts";
import { toAnthropicRequest } from "./anthropic-request.ts";
import { anthropicStream } from "./anthropic-stream.ts";
import { unusable } from "./provider-problem.ts";
import {
  answerText,
  callUpstream,
  endpoint,
  isEventStream,
  type UpstreamOptions,
  type UpstreamRequest,
} from "./upstream.ts";

const ANTHROPIC_URL = "https://api.anthropic.com/v1";
const API_VERSION = "2023-06-01";

/** Anthropic's Messages API, spoken to in OpenAI's terms. */
export function anthropic(options: UpstreamOptions, provider: ProviderAccess): ProviderModels {
  const request = (method: "GET" | "POST", path: string, body?: unknown): UpstreamRequest => ({
    method,
    url: endpoint(provider.baseUrl ?? ANTHROPIC_URL, path, method === "GET" ? { limit: "1000" } : {}),
    headers: {
      "anthropic-version": API_VERSION,
      ...(provider.apiKey !== null && { "x-api-key": provider.apiKey }),
    },
    ...(body !== undefined && { body }),
  });
  const seconds = () => Math.floor(options.clock.now() / 1_000);
  return {
    chat: {
      async complete(asked, call) {
        const sent = request("POST", "/messages", toAnthropicRequest(asked));
        const text = await answerText(provider, await callUpstream(options, provider, sent, call));
        const message = AnthropicMessage.safeParse(parsedJson(text));
        if (!message.success) throw unusable(provider.name, "an answer that is not a message", text, message.error);
        return toCompletion(message.data, seconds());
      },
      async stream(asked, call) {
        const sent = request("POST", "/messages", { ...toAnthropicRequest(asked), stream: true });
        const response = await callUpstream(options, provider, sent, call);
        if (!isEventStream(response) || response.stream === null) {
          throw unusable(provider.name, "no event stream", await answerText(provider, response));
        }
        return translated(response.stream, seconds());
      },
    },
    embedding: {
      async embed() {
        throw problem("provider-refused", { detail: "Anthropic offers no embeddings." });
      },
    },
    async list(call) {
      const text = await answerText(provider, await callUpstream(options, provider, request("GET", "/models"), call));
      const body = parsedJson(text);
      const data: unknown = isJsonObject(body) ? body.data : null;
      if (!Array.isArray(data)) throw unusable(provider.name, "no list of models", text);
      return data.flatMap((model) => (isJsonObject(model) && typeof model.id === "string" ? [model.id] : []));
    },
  };
}

function translated(upstream: ReadableStream<Uint8Array>, created: number): ReadableStream<Uint8Array> {
  const reader = upstream.getReader();
  const parser = eventStreamParser();
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const translate = anthropicStream(created);
  // What is no JSON goes on as it is, so that the stream ends with it and not as if nothing were missing.
  const toEvents = (data: string) => {
    // A server that sends OpenAI's end mark as well has said with message_stop that it is at its end.
    if (data === DONE) return [];
    const event = parsedJson(data);
    return event === null ? [data] : translate(event);
  };
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const part = await reader.read();
        if (part.done) return controller.close();
        const events = parser.push(decoder.decode(part.value, { stream: true }));
        const text = events.flatMap(toEvents).map(eventText);
        if (text.length > 0) return controller.enqueue(encoder.encode(text.join("")));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
