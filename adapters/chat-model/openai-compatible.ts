import { isJsonObject } from "../../domain/kernel/json.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { Embeddings, EmbeddingUsage, vectorOf } from "../../domain/llm/embedding.ts";
import { readCompletion } from "../../domain/llm/plain-answer.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import type {
  EmbeddingAnswer,
  EmbeddingInput,
  ModelCall,
  ProviderAccess,
  ProviderModels,
} from "../../services/llm/ports.ts";
import { mendedAnswer } from "./lesser-answer.ts";
import { unusable } from "./provider-problem.ts";
import {
  answerText,
  callUpstream,
  endpoint,
  isEventStream,
  type UpstreamOptions,
  type UpstreamRequest,
} from "./upstream.ts";

const OPENAI_URL = "https://api.openai.com/v1";
const THOUGHTS = ["reasoning_content", "thinking_blocks"];

/** Providers that speak OpenAI's format, OpenAI itself among them. */
export function openAiCompatible(options: UpstreamOptions, provider: ProviderAccess): ProviderModels {
  const { baseUrl } = provider;
  const at = (path: string) => endpoint(baseUrl ?? OPENAI_URL, path);
  const urls = { chat: at("/chat/completions"), embeddings: at("/embeddings"), models: at("/models") };
  const request = (method: "GET" | "POST", url: string, body?: unknown): UpstreamRequest => ({
    method,
    url,
    headers: provider.apiKey === null ? {} : { authorization: `Bearer ${provider.apiKey}` },
    ...(body !== undefined && { body }),
  });
  return {
    chat: {
      async complete(asked, call) {
        const sent = request("POST", urls.chat, askedOf(provider, asked));
        const response = await callUpstream(options, provider, sent, call);
        return toCompletion(provider, asked, await answerText(provider, response), options.clock.now());
      },
      async stream(asked, call) {
        const sent = request("POST", urls.chat, streamed(askedOf(provider, asked)));
        const response = await callUpstream(options, provider, sent, call);
        if (!isEventStream(response)) {
          throw unusable(provider.name, "no event stream", await answerText(provider, response));
        }
        return response.stream ?? new Response("").body ?? new ReadableStream();
      },
    },
    embedding: {
      async embed(asked, call) {
        const sent = request("POST", urls.embeddings, {
          ...asked.more,
          model: asked.model,
          input: asked.input,
          encoding_format: "base64",
          ...(asked.dimensions !== undefined && { dimensions: asked.dimensions }),
        });
        const response = await callUpstream(options, provider, sent, call);
        return toEmbeddings(provider, asked, await answerText(provider, response));
      },
    },
    async list(call: ModelCall) {
      const response = await callUpstream(options, provider, request("GET", urls.models), call);
      const body = parsedJson(provider, await answerText(provider, response));
      const data: unknown = isJsonObject(body) ? body.data : null;
      if (!Array.isArray(data)) throw unusable(provider.name, "no list of models");
      return data.flatMap((model) => (isJsonObject(model) && typeof model.id === "string" ? [model.id] : []));
    },
  };
}

/** What models of others thought in earlier turns is none of OpenAI's own members; other servers may want it. */
function askedOf({ kind }: ProviderAccess, asked: ChatCompletionRequest): ChatCompletionRequest {
  const isThought = kind === "openai" && asked.messages.some((message) => THOUGHTS.some((name) => name in message));
  if (!isThought) return asked;
  const messages = asked.messages.map(({ reasoning_content: _, thinking_blocks: __, ...message }) => message);
  return { ...asked, messages };
}

/** Usage is always asked for: without it a stream cannot be billed exactly. */
function streamed(asked: ChatCompletionRequest): ChatCompletionRequest {
  return { ...asked, stream: true, stream_options: { ...asked.stream_options, include_usage: true } };
}

/** Members that lesser servers leave out are filled in; an answer without choices is no answer. */
function toCompletion(
  provider: ProviderAccess,
  asked: ChatCompletionRequest,
  text: string,
  now: number,
): ChatCompletion {
  const body = parsedJson(provider, text);
  if (!isJsonObject(body) || (body.error !== undefined && body.error !== null)) {
    throw unusable(provider.name, "an error in place of an answer", text);
  }
  const defaults = { id: `chatcmpl-${now}`, created: Math.floor(now / 1_000), model: asked.model };
  const whole = { ...defaults, ...body, object: "chat.completion" };
  const asTold = readCompletion(whole);
  const result = asTold.success ? asTold : readCompletion(mendedAnswer(whole));
  if (!result.success) throw unusable(provider.name, "an answer that is not a chat completion", "", result.error);
  if (result.data.choices.length === 0) throw unusable(provider.name, "an answer without choices");
  return result.data;
}

function toEmbeddings(provider: ProviderAccess, asked: EmbeddingInput, text: string): EmbeddingAnswer {
  const body = objectOf(provider, text);
  const told = EmbeddingUsage.safeParse(body.usage);
  const result = Embeddings.safeParse({
    model: asked.model,
    ...body,
    usage: told.success ? told.data : estimatedUsage(asked),
  });
  if (!result.success) throw unusable(provider.name, "an answer that holds no embeddings", text, result.error);
  const { data, usage, model } = result.data;
  const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => vectorOf(embedding));
  if (vectors.length !== asked.input.length || vectors.includes(null)) {
    throw unusable(provider.name, "embeddings that do not match the texts");
  }
  return { model, vectors: vectors as Float32Array[], promptTokens: usage.prompt_tokens, isEstimated: !told.success };
}

function estimatedUsage({ input }: EmbeddingInput): { prompt_tokens: number; total_tokens: number } {
  const counts = input.map((item) => (typeof item === "string" ? estimatedTokens(item) : item.length));
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  return { prompt_tokens: tokens, total_tokens: tokens };
}

function objectOf(provider: ProviderAccess, text: string): Record<string, unknown> {
  const body = parsedJson(provider, text);
  return isJsonObject(body) ? body : {};
}

function parsedJson(provider: ProviderAccess, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(provider.name, "something that is not JSON", "", error);
  }
}
