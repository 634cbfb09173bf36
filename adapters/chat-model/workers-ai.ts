import { isJsonObject } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { DONE, eventStreamParser, eventText } from "../../domain/llm/event-stream.ts";
import { readCompletion } from "../../domain/llm/plain-answer.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { type TokenUsage, ToldUsage } from "../../domain/llm/token-usage.ts";
import type {
  EmbeddingAnswer,
  EmbeddingInput,
  ModelCall,
  ProviderAccess,
  ProviderModels,
} from "../../services/llm/ports.ts";
import { within } from "../../services/within.ts";
import { unusable } from "./provider-problem.ts";
import { timeLimitMs } from "./upstream.ts";

/** What is needed of the binding. Its published types name models one by one; a tenant may name any. */
export interface WorkersAi {
  run(model: string, input: Record<string, unknown>): Promise<unknown>;
}

export const WORKERS_AI_PROVIDER: ProviderAccess = {
  name: "workers-ai",
  kind: "workers-ai",
  baseUrl: null,
  apiKey: null,
  timeoutMs: 120_000,
  prices: {},
};

/** Cloudflare's own models, through the account's binding. */
export function workersAi(ai: WorkersAi, clock: Clock, provider: ProviderAccess): ProviderModels {
  const run = (model: string, input: object, call: ModelCall) =>
    answered(ai.run(model, { ...input }), provider, timeLimitMs(provider, call, clock));
  return {
    chat: {
      async complete(asked, call) {
        return toCompletion(provider, asked, await run(asked.model, inputOf(asked), call), clock.now());
      },
      async stream(asked, call) {
        const answer = await run(asked.model, { ...inputOf(asked), stream: true }, call);
        if (!(answer instanceof ReadableStream)) throw unusable(provider.name, "no event stream");
        return translated(answer as ReadableStream<Uint8Array>, asked.model, clock.now());
      },
    },
    embedding: {
      async embed(asked, call) {
        const text = asked.input.map(textOf);
        return toEmbeddings(provider, asked, await run(asked.model, { text }, call));
      },
    },
    // The binding cannot tell; its models can be called by name all the same.
    list: async () => [],
  };
}

/** Unknown members would fail the call, so only those that the models know are passed. */
function inputOf(asked: ChatCompletionRequest): Record<string, unknown> {
  const { messages, temperature, top_p, seed, tools, response_format } = asked;
  const maxTokens = asked.max_completion_tokens ?? asked.max_tokens;
  const known = { messages, temperature, top_p, seed, tools, response_format, max_tokens: maxTokens };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null && value !== undefined));
}

function answered(answer: Promise<unknown>, provider: ProviderAccess, timeoutMs: number): Promise<unknown> {
  const told = answer.catch((error: unknown) => {
    throw refusalOf(provider, error);
  });
  return within(told, timeoutMs, () => {
    const detail = `The provider ${provider.name} did not answer in time.`;
    throw problem("provider-timeout", { detail, members: { provider: provider.name } });
  });
}

/** The binding's errors begin with a number: 3xxx and 5xxx speak of the input, save 3040, which is a lack of capacity. */
function refusalOf({ name }: ProviderAccess, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isRefusal = /^(?:[A-Za-z]*Error: )?(?:3(?!040)|5)\d{3}\b/.test(message);
  return problem(isRefusal ? "provider-refused" : "provider-failed", {
    detail: `The provider ${name} ${isRefusal ? "refused" : "failed"}: ${message.slice(0, 500)}`,
    members: { provider: name },
    cause,
  });
}

function toCompletion(
  provider: ProviderAccess,
  asked: ChatCompletionRequest,
  answer: unknown,
  now: number,
): ChatCompletion {
  if (!isJsonObject(answer)) throw unusable(provider.name, "an answer that is not an object");
  const shared = { id: `chatcmpl-${now}`, object: "chat.completion", created: Math.floor(now / 1_000) } as const;
  // Newer models answer in OpenAI's own form.
  if (Array.isArray(answer.choices)) return completionIn(provider, { ...shared, model: asked.model, ...answer });
  const { response, tool_calls } = answer;
  const calls = Array.isArray(tool_calls) ? tool_calls.filter(isJsonObject).map(toToolCall) : [];
  const usage = ToldUsage.parse(answer.usage);
  return {
    ...shared,
    model: asked.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: typeof response === "string" ? response : response ? JSON.stringify(response) : null,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: calls.length > 0 ? "tool_calls" : "stop",
      },
    ],
    ...(usage && { usage }),
  };
}

function completionIn(provider: ProviderAccess, answer: unknown): ChatCompletion {
  const result = readCompletion(answer);
  if (!result.success) throw unusable(provider.name, "an answer that is not a chat completion", "", result.error);
  return result.data;
}

function toToolCall(call: Record<string, unknown>, index: number) {
  const values = call.arguments;
  const text = typeof values === "string" ? values : JSON.stringify(values ?? {});
  return { id: `call_${index}`, type: "function", function: { name: String(call.name), arguments: text } };
}

/** `{"response": "..."}` an event, then `[DONE]`; newer models send OpenAI's chunks, which pass. */
function translated(upstream: ReadableStream<Uint8Array>, model: string, now: number): ReadableStream<Uint8Array> {
  const shared = { id: `chatcmpl-${now}`, object: "chat.completion.chunk", created: Math.floor(now / 1_000), model };
  const chunk = (delta: ChatCompletionChunk["choices"][number]["delta"], reason: string | null = null) =>
    JSON.stringify({ ...shared, choices: [{ index: 0, delta, finish_reason: reason }], usage: null });
  const parser = eventStreamParser();
  let isFirst = true;
  let isOurs = true;
  let usage: TokenUsage | null = null;
  function translate(data: string): string[] {
    if (data === DONE) {
      const counted = usage === null ? [] : [JSON.stringify({ ...shared, choices: [], usage })];
      return isOurs ? [chunk({}, "stop"), ...counted, DONE] : [DONE];
    }
    const event: unknown = JSON.parse(data);
    if (!isJsonObject(event)) return [];
    if (Array.isArray(event.choices)) {
      isOurs = false;
      return [data];
    }
    usage = ToldUsage.parse(event.usage) ?? usage;
    const text = typeof event.response === "string" ? event.response : "";
    const begun = isFirst ? [chunk({ role: "assistant", content: "" })] : [];
    isFirst = false;
    return text === "" ? begun : [...begun, chunk({ content: text })];
  }
  const decoder = new TextDecoder();
  return upstream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        const events = parser.push(decoder.decode(bytes, { stream: true })).flatMap(translate);
        if (events.length > 0) controller.enqueue(new TextEncoder().encode(events.map(eventText).join("")));
      },
    }),
  );
}

function toEmbeddings(provider: ProviderAccess, asked: EmbeddingInput, answer: unknown): EmbeddingAnswer {
  const data: unknown = isJsonObject(answer) ? answer.data : null;
  if (!Array.isArray(data) || data.length !== asked.input.length || !data.every(Array.isArray)) {
    throw unusable(provider.name, "embeddings that do not match the texts");
  }
  const tokens = asked.input.reduce((sum, text) => sum + estimatedTokens(textOf(text)), 0);
  return {
    model: asked.model,
    vectors: data.map((vector) => Float32Array.from(vector)),
    promptTokens: tokens,
    isEstimated: true,
  };
}

function textOf(input: EmbeddingInput["input"][number]): string {
  if (typeof input === "string") return input;
  throw problem("validation-failed", { errors: [{ pointer: "/input", detail: "must be text for this provider" }] });
}
