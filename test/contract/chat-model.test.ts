import { describe, expect, it } from "vitest";
import { chatModels } from "../../adapters/chat-model/chat-models.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { ChatCompletion, ChatCompletionChunk, type ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { eventStreamParser, eventText } from "../../domain/llm/event-stream.ts";
import type { ProviderKind } from "../../domain/llm/provider.ts";
import type { ProviderModels } from "../../services/llm/ports.ts";
import type { OutboundRequest, OutboundResponse } from "../../services/ports.ts";

// What every kind of provider promises behind the port ChatModel. Each is given a stand-in for what is outside of it, which
// knows one model with one thing to say, and refuses every other.

interface Kind {
  kind: ProviderKind;
  model: string;
  answers?: (request: OutboundRequest) => Response;
  ai?: { run(model: string, input: Record<string, unknown>): Promise<unknown> };
}

const SENTENCE = "The museum opens at nine.";
const USAGE = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };

const KINDS: Kind[] = [
  { kind: "local", model: "extractive" },
  { kind: "openai", model: "gpt", answers: openAiServer },
  { kind: "openai-compatible", model: "llama", answers: openAiServer },
  { kind: "anthropic", model: "claude", answers: anthropicServer },
  { kind: "workers-ai", model: "@cf/meta/llama", ai: { run: workersAi } },
];

const request = (model: string): ChatCompletionRequest => ({
  model,
  messages: [
    { role: "system", content: `[1] ${SENTENCE}` },
    { role: "user", content: "When does the museum open?" },
  ],
});

describe.each(KINDS)("the provider kind $kind", (of) => {
  const models = () => modelsOf(of);

  it("answers a completion in OpenAI's form, with its usage", async () => {
    const answer = await models().chat.complete(request(of.model), {});
    expect(ChatCompletion.safeParse(answer).error).toBeUndefined();
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({ index: 0, message: { role: "assistant" }, finish_reason: "stop" });
    expect(answer.choices[0]?.message.content).toContain(SENTENCE);
    expect(answer.usage?.total_tokens).toBe(
      (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
    );
  });

  it("streams the same: role first, then content, the reason, usage and the end mark", async () => {
    const whole = await models().chat.complete(request(of.model), {});
    const events = await eventsOf(await models().chat.stream(request(of.model), {}));
    expect(events.pop()).toBe("[DONE]");
    const chunks = events.map((event) => ChatCompletionChunk.parse(JSON.parse(event)));
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    const said = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    expect(said).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
  });

  it("lets go of a stream that is no longer read", async () => {
    const stream = await models().chat.stream(request(of.model), {});
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);
  });

  it("answers with a problem for a model that it does not have, whole and streamed", async () => {
    for (const ask of ["complete", "stream"] as const) {
      const failure = await models()
        .chat[ask](request("none"), {})
        .then(() => null, asProblem);
      expect(["not-found", "provider-refused"]).toContain(failure?.code);
    }
  });

  it("embeds texts in their order, or says that it has no embeddings", async () => {
    const model = of.kind === "local" ? "hash-embed" : of.model;
    const outcome = await models()
      .embedding.embed({ model, input: ["one", "two"] }, {})
      .catch((error: unknown) => asProblem(error)?.code);
    if (of.kind === "anthropic") expect(outcome).toBe("provider-refused");
    else expect(outcome).toMatchObject({ vectors: [expect.any(Float32Array), expect.any(Float32Array)] });
  });

  it("lists its models", async () => {
    const list = await models().list({});
    if (of.kind !== "workers-ai") expect(list).toContain(of.model);
  });
});

function modelsOf({ kind, answers, ai }: Kind): ProviderModels {
  const outbound = {
    judge: () => ({ allowed: true }) as const,
    fetch: async (sent: OutboundRequest): Promise<OutboundResponse> => {
      const response = answers?.(sent) ?? new Response(null, { status: 500 });
      return {
        status: response.status,
        headers: response.headers,
        text: () => response.text(),
        stream: response.body,
      };
    },
  };
  const options = { outbound, clock: { now: () => 1_750_000_000_000 }, random: { next: () => 0 } };
  const models = chatModels(ai === undefined ? options : { ...options, ai });
  return models.open({ name: kind, kind, baseUrl: null, apiKey: "key", timeoutMs: 1_000, prices: {} });
}

function openAiServer({ url, body }: OutboundRequest): Response {
  if (url.endsWith("/models")) return Response.json({ data: [{ id: "gpt" }, { id: "llama" }] });
  const asked = JSON.parse(String(body));
  if (asked.model === "none") return Response.json({ error: { message: "no such model" } }, { status: 404 });
  if (url.endsWith("/embeddings")) {
    const data = [1, 0].map((index) => ({ object: "embedding", index, embedding: [index, 1] }));
    return Response.json({ object: "list", model: asked.model, data, usage: { prompt_tokens: 2, total_tokens: 2 } });
  }
  const shared = { id: "chatcmpl-1", created: 1, model: asked.model };
  const message = { role: "assistant", content: SENTENCE };
  if (!asked.stream) {
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    return Response.json({ ...shared, object: "chat.completion", choices, usage: USAGE });
  }
  const chunk = (delta: object, reason: string | null = null) => ({
    ...shared,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  const usage = { ...chunk({}), choices: [], usage: USAGE };
  return eventStream([
    chunk({ role: "assistant", content: "" }),
    chunk({ content: SENTENCE }),
    chunk({}, "stop"),
    usage,
  ]);
}

function anthropicServer({ url, body }: OutboundRequest): Response {
  if (url.includes("/models")) return Response.json({ data: [{ id: "claude" }] });
  const asked = JSON.parse(String(body));
  const error = { type: "not_found_error", message: "model: none" };
  if (asked.model === "none") return Response.json({ type: "error", error }, { status: 404 });
  const usage = { input_tokens: USAGE.prompt_tokens, output_tokens: USAGE.completion_tokens };
  const message = { id: "msg_1", model: asked.model, content: [{ type: "text", text: SENTENCE }], usage };
  if (!asked.stream) return Response.json({ ...message, stop_reason: "end_turn" });
  return eventStream([
    { type: "message_start", message: { ...message, content: [] } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: SENTENCE } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: USAGE.completion_tokens } },
    { type: "message_stop" },
  ]);
}

async function workersAi(model: string, input: Record<string, unknown>): Promise<unknown> {
  if (model === "none") throw new Error("5007: No such model none");
  if ("text" in input)
    return {
      shape: [2, 2],
      data: [
        [0, 1],
        [1, 1],
      ],
    };
  if (!input.stream) return { response: SENTENCE, usage: USAGE };
  return eventStream([{ response: SENTENCE }, { response: "", usage: USAGE }]).body;
}

/** The events, then the end mark that OpenAI's and Cloudflare's servers send and Anthropic's clients pass over. */
function eventStream(events: object[]): Response {
  const text = [...events.map((event) => JSON.stringify(event)), "[DONE]"].map(eventText).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

async function eventsOf(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  return eventStreamParser().push(await new Response(stream).text());
}
