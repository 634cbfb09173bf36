import { exports } from "cloudflare:workers";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, jsonSchema, streamText, type ToolSet } from "ai";
import { describe, expect, it } from "vitest";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { ORIGIN } from "../../support/client.ts";
import { aProvider, chunk, completion, eventStream, json } from "./a-provider.ts";

async function aClient(owner: TestMember) {
  const { key: apiKey } = await anApiKey(owner, ["llm:read", "llm:write"]);
  return createOpenAICompatible({
    name: "weft",
    apiKey,
    baseURL: `${ORIGIN}/v1`,
    includeUsage: true,
    fetch: async (url, init) => exports.default.fetch(new Request(url, init)),
  });
}

const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const tools: ToolSet = {
  weather: {
    description: "The weather of a city",
    inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
  },
};

describe("the AI SDK's OpenAI-compatible provider", () => {
  it("reads a whole answer and its usage", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    const client = await aClient(owner);
    const { text, usage, finishReason } = await generateText({ model: client("mock/m"), prompt: "Say hello." });
    expect(text).toBe("Hello.");
    expect(finishReason).toBe("stop");
    expect(usage).toMatchObject({ inputTokens: 1_000, outputTokens: 500 });
  });

  it("reads a stream and its usage", async () => {
    const owner = await aTenant();
    const parts = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo." })];
    await aProvider(owner, () =>
      eventStream([...parts, chunk({}, "stop"), chunk({}, null, USAGE), "data: [DONE]\n\n"]),
    );
    const client = await aClient(owner);
    const result = streamText({ model: client("mock/m"), prompt: "Say hello." });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("Hello.");
    expect(await result.usage).toMatchObject({ inputTokens: 10, outputTokens: 4 });
  });

  it("reads tool calls that arrive in pieces", async () => {
    const owner = await aTenant();
    const call = (part: object) => chunk({ tool_calls: [{ index: 0, ...part }] });
    await aProvider(owner, () =>
      eventStream([
        chunk({ role: "assistant", content: null }),
        call({ id: "call_1", type: "function", function: { name: "weather", arguments: "" } }),
        call({ function: { arguments: '{"city":' } }),
        call({ function: { arguments: '"Oslo"}' } }),
        chunk({}, "tool_calls"),
        "data: [DONE]\n\n",
      ]),
    );
    const client = await aClient(owner);
    const result = streamText({ model: client("mock/m"), prompt: "Weather in Oslo?", tools });
    expect(await result.toolCalls).toMatchObject([{ toolName: "weather", input: { city: "Oslo" } }]);
    expect(await result.finishReason).toBe("tool-calls");
  });

  it("hears of a stream that broke", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => eventStream([chunk({ role: "assistant", content: "Hel" })]));
    const client = await aClient(owner);
    const errors: unknown[] = [];
    const result = streamText({
      model: client("mock/m"),
      prompt: "Say hello.",
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    for await (const _ of result.textStream);
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors)).toContain("broke off");
  });

  it("reads an answer from the cache like any other", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    const body = {
      strategy: "fallback",
      targets: [{ model: "mock/m" }],
      cache: { mode: "exact", ttlSeconds: 60 },
    };
    await owner.call("/v1/model-routes/answers", { method: "PUT", body });
    const client = await aClient(owner);
    for (let time = 0; time < 3; time++) {
      expect((await generateText({ model: client("answers"), prompt: "Say hello." })).text).toBe("Hello.");
    }
    const result = streamText({ model: client("answers"), prompt: "Say hello." });
    expect(await result.text).toBe("Hello.");
  });

  it("reads embeddings", async () => {
    const client = await aClient(await aTenant());
    const { embedding, usage } = await embed({
      model: client.embeddingModel("local/hash-embed"),
      value: "bees make honey",
    });
    expect(embedding).toHaveLength(384);
    expect(usage.tokens).toBeGreaterThan(0);
  });
});
