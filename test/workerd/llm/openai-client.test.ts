import { exports } from "cloudflare:workers";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { ORIGIN } from "../../support/client.ts";
import { aProvider, chunk, completion, eventStream, json } from "./a-provider.ts";

async function aClient(owner: TestMember): Promise<OpenAI> {
  return clientWith((await anApiKey(owner, ["llm:read", "llm:write"])).key);
}

function clientWith(apiKey: string): OpenAI {
  return new OpenAI({
    apiKey,
    baseURL: `${ORIGIN}/v1`,
    maxRetries: 0,
    fetch: (url, init) => exports.default.fetch(new Request(url, init)),
  });
}

const messages = [{ role: "user" as const, content: "hi" }];
const TOOL = { type: "function" as const, function: { name: "weather", parameters: { type: "object" } } };

describe("the official OpenAI client", () => {
  it("reads a whole completion", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    const answer = await (await aClient(owner)).chat.completions.create({ model: "mock/m", messages });
    expect(answer.choices[0]?.message.content).toBe("Hello.");
    expect(answer.usage?.total_tokens).toBe(1_500);
  });

  it("reads a stream with tool calls", async () => {
    const owner = await aTenant();
    const call = (index: number, part: object) => chunk({ tool_calls: [{ index, ...part }] });
    await aProvider(owner, () =>
      eventStream([
        chunk({ role: "assistant", content: null }),
        call(0, { id: "call_1", type: "function", function: { name: "weather", arguments: "" } }),
        call(0, { function: { arguments: '{"city":' } }),
        call(0, { function: { arguments: '"Oslo"}' } }),
        chunk({}, "tool_calls"),
        chunk({}, null, { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }),
        "data: [DONE]\n\n",
      ]),
    );
    const client = await aClient(owner);
    const stream = client.chat.completions.stream({
      model: "mock/m",
      messages,
      tools: [TOOL],
      stream_options: { include_usage: true },
    });
    const answer = await stream.finalChatCompletion();
    expect(answer.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      id: "call_1",
      function: { name: "weather", arguments: '{"city":"Oslo"}' },
    });
    expect(answer.usage?.total_tokens).toBe(11);
  });

  it("streams the built-in model", async () => {
    const client = await aClient(await aTenant());
    const stream = await client.chat.completions.create({
      model: "local/extractive",
      messages: [
        { role: "system", content: "[1] Bees make honey." },
        { role: "user", content: "What do bees make?" },
      ],
      stream: true,
    });
    let text = "";
    for await (const part of stream) text += part.choices[0]?.delta.content ?? "";
    expect(text).toBe("Bees make honey. [1]");
  });

  it("hears of a stream that broke", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => eventStream([chunk({ role: "assistant", content: "Hel" })]));
    const stream = await (await aClient(owner)).chat.completions.create({ model: "mock/m", messages, stream: true });
    const failure = await (async () => {
      for await (const _ of stream);
    })().catch((error: unknown) => error);
    expect(String(failure)).toContain("broke off");
  });

  it("raises its own errors", async () => {
    const client = await aClient(await aTenant());
    const unknown = await client.chat.completions.create({ model: "no/m", messages }).catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(OpenAI.NotFoundError);
    const invalid = await client.chat.completions
      .create({ model: "a/b", messages: [] })
      .catch((error: unknown) => error);
    expect(invalid).toBeInstanceOf(OpenAI.BadRequestError);
    const stranger = clientWith("nonsense");
    const denied = await stranger.models.list().catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it("asks once where a budget is spent, whole and streamed", async () => {
    const owner = await aTenant();
    const price = { inputUsdMicrosPerMillionTokens: 1_000_000, outputUsdMicrosPerMillionTokens: 1_000_000 };
    await aProvider(owner, () => json(completion("Hello.")), { prices: { m: price } });
    await owner.call("/v1/budgets/tenant", { method: "PUT", body: { usdMicrosPerMonth: 0 } });
    let requests = 0;
    const counted = (url: RequestInfo | URL, init?: RequestInit) => {
      requests++;
      return exports.default.fetch(new Request(url, init));
    };
    const client = (await aClient(owner)).withOptions({ maxRetries: 2, fetch: counted });
    for (const stream of [false, true]) {
      const failure = await client.chat.completions
        .create({ model: "mock/m", messages, stream })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(OpenAI.RateLimitError);
      expect(failure).toMatchObject({ code: "insufficient_quota" });
    }
    expect(requests).toBe(2);
  });

  it("reads embeddings as base64, which it asks for, and as numbers", async () => {
    const client = await aClient(await aTenant());
    const model = "local/hash-embed";
    const binary = await client.embeddings.create({ model, input: ["bees make honey", "bears sleep"] });
    expect(binary.data.map(({ embedding }) => embedding.length)).toEqual([384, 384]);
    const plain = await client.embeddings.create({ model, input: "bees make honey", encoding_format: "float" });
    expect(plain.data[0]?.embedding).toEqual(binary.data[0]?.embedding);
    expect(plain.usage.prompt_tokens).toBeGreaterThan(0);
  });

  it("finds models, also by ids with slashes", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json({ object: "list", data: [{ id: "org/model-7b", object: "model" }] }));
    const client = await aClient(owner);
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(expect.arrayContaining(["local/extractive", "local/hash-embed", "mock/org/model-7b"]));
    expect((await client.models.retrieve("mock/org/model-7b")).owned_by).toBe("mock");
    expect((await owner.call("/v1/models/mock/org/model-7b")).body.id).toBe("mock/org/model-7b");
    expect(await client.models.retrieve("local/none").catch((error: unknown) => error)).toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  it("lists the models of the others when a provider is down", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json({}, 500, { "x-should-retry": "false" }));
    const { body } = await owner.call("/v1/models");
    expect(body.data.map(({ id }: { id: string }) => id)).toContain("local/extractive");
  });
});
