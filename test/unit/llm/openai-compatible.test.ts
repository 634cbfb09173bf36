import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  completion,
  events,
  json,
  type MockUpstream,
  mockUpstream,
  reset,
  silence,
  WHOLE_STREAM,
} from "./mock-upstream.ts";

let upstream: MockUpstream;
beforeAll(async () => {
  upstream = await mockUpstream();
});
afterAll(() => upstream.close());

const request = { model: "mock-1", messages: [{ role: "user" as const, content: "hi" }] };
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => null).catch((error: unknown) => error);

describe("a completion", () => {
  it("is asked for and answered in OpenAI's format, with members that nobody here knows", async () => {
    upstream.answers(json(completion("hello", { novelty: { deep: [1] } })));
    const answer = await upstream.models().chat.complete({ ...request, verbosity: "low" }, { idempotencyKey: "run/1" });
    expect(answer).toMatchObject({ choices: [{ message: { content: "hello" } }], novelty: { deep: [1] } });
    const [sent] = upstream.received;
    expect(sent).toMatchObject({ path: "/v1/chat/completions", body: { ...request, verbosity: "low" } });
    expect(sent?.headers).toMatchObject({ authorization: "Bearer sk-secret", "idempotency-key": "run/1" });
  });

  it("gets the members that lesser servers leave out", async () => {
    upstream.answers(json({ choices: [{ index: 0, message: { role: "assistant", content: "x" } }] }));
    const answer = await upstream.models().chat.complete(request, {});
    expect(answer).toMatchObject({ object: "chat.completion", model: "mock-1" });
    expect(answer.id).not.toBe("");
  });

  it.each([
    ["as Anthropic counts", { input_tokens: 3, output_tokens: 2 }],
    ["in parts of tokens", { prompt_tokens: 1.5, completion_tokens: 2, total_tokens: 3.5 }],
  ])("is whole though its usage is told %s", async (_name, usage) => {
    upstream.answers(json(completion("hello", { usage })));
    expect(await upstream.models().chat.complete(request, {})).toMatchObject({
      choices: [{ message: { content: "hello" } }],
      usage: null,
    });
  });

  it.each([
    ["openai", {}],
    ["openai-compatible", { reasoning_content: "Hm.", thinking_blocks: [] }],
  ] as const)("takes along to %s what was thought before only where it may be wanted", async (kind, thought) => {
    upstream.answers(json(completion()));
    const said = { role: "assistant" as const, content: "Hello." };
    const messages = [{ ...said, reasoning_content: "Hm.", thinking_blocks: [] }, ...request.messages];
    await upstream.models({ kind }).chat.complete({ ...request, messages }, {});
    expect(upstream.received[0]?.body.messages).toEqual([{ ...said, ...thought }, ...request.messages]);
  });

  it.each([
    ["a choice without its index", { content: "x" }, { content: "x" }],
    [
      "content in parts",
      {
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
          { type: "text", text: "x" },
        ],
      },
      { content: "x", reasoning_content: "Hm." },
    ],
    [
      "a call without its id, its arguments an object",
      { content: null, tool_calls: [{ function: { name: "f", arguments: { a: 1 } } }] },
      { tool_calls: [{ id: "call_0", type: "function", function: { name: "f", arguments: '{"a":1}' } }] },
    ],
  ])("is mended where it has %s", async (_name, message, mended) => {
    upstream.answers(json({ choices: [{ message: { role: "assistant", ...message }, finish_reason: "stop" }] }));
    const { choices } = await upstream.models().chat.complete(request, {});
    expect(choices).toMatchObject([{ index: 0, message: mended, finish_reason: "stop" }]);
  });

  it("goes below the provider's address, whose query it keeps", async () => {
    upstream.answers(json(completion()));
    const baseUrl = `${upstream.url}/deployments/d1/?api-version=2026-01-01#x`;
    await upstream.models({ baseUrl }).chat.complete(request, {});
    expect(upstream.received[0]?.path).toBe("/deployments/d1/chat/completions?api-version=2026-01-01");
  });

  it("sends no credentials when there are none", async () => {
    upstream.answers(json(completion()));
    await upstream.models({ apiKey: null }).chat.complete(request, {});
    expect(upstream.received[0]?.headers.authorization).toBeUndefined();
  });
});

describe("an upstream that fails for a moment", () => {
  it.each([
    ["a rate limit", json({ error: { message: "slow down" } }, 429, { "retry-after-ms": "5" })],
    ["an overload", json({}, 503, { "retry-after": "0" })],
    ["a reset connection", reset],
  ])("is asked again after %s", async (_name, failure) => {
    upstream.answers(failure, json(completion()));
    await upstream.models().chat.complete(request, {});
    expect(upstream.received).toHaveLength(2);
  });

  it("is given up after three attempts", async () => {
    upstream.answers(json({ error: { message: "broken" } }, 500, { "retry-after-ms": "1" }));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      code: "provider-failed",
      message: "The provider mock failed (status 500): broken",
    });
    expect(upstream.received).toHaveLength(3);
  });

  it("is not waited for past the time limit, and the wait is passed on", async () => {
    upstream.answers(json({}, 429, { "retry-after": "30" }));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      code: "provider-failed",
      retryAfterSeconds: 30,
    });
    expect(upstream.received).toHaveLength(1);
  });

  it("is waited for by its date, also where it does not tell the time", async () => {
    const untimed: Answer = (response) => {
      response.sendDate = false;
      response.writeHead(503, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }).end();
    };
    upstream.answers(untimed);
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toHaveProperty("retryAfterSeconds");
    expect(upstream.received).toHaveLength(1);
  });

  it.each(["-5", "soon"])("is not taken at its word where it says %j", async (text) => {
    upstream.answers(json({}, 503, { "retry-after": text, "x-should-retry": "false" }));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).not.toMatchObject({
      retryAfterSeconds: expect.anything(),
    });
  });

  it("is not asked again when it asks for that", async () => {
    upstream.answers(json({}, 500, { "x-should-retry": "false" }));
    await failureOf(upstream.models().chat.complete(request, {}));
    expect(upstream.received).toHaveLength(1);
  });

  it("is not asked again once the caller has left", async () => {
    upstream.answers(json({}, 503, { "retry-after-ms": "500" }));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("left")), 50);
    expect(String(await failureOf(upstream.models().chat.complete(request, { signal: stop.signal })))).toContain(
      "left",
    );
    expect(upstream.received).toHaveLength(1);
  });
});

describe("an upstream that refuses", () => {
  it.each([
    [400, { message: "messages: too many", type: "invalid_request_error", param: "messages", code: "too_long" }],
    [404, { message: "no such model", code: "model_not_found" }],
    [429, { message: "pay first", code: "insufficient_quota" }],
  ])("with %i is asked once, and its words are kept", async (status, error) => {
    upstream.answers(json({ error }, status));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      code: "provider-refused",
      members: { providerStatus: status, providerError: error },
    });
    expect(upstream.received).toHaveLength(1);
  });

  it.each([
    [{ object: "error", message: "too long", type: "BadRequest", code: 40001 }, "too long"],
    [{ detail: "not allowed" }, "not allowed"],
    [{ detail: [{ loc: ["body", "stop"], msg: "bad" }] }, '[{"loc":["body","stop"],"msg":"bad"}]'],
  ])("in a form of its own is told in its words: %j", async (body, message) => {
    upstream.answers(json(body, 422));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      message: `The provider mock refused: ${message}`,
      members: { providerError: { message } },
    });
  });

  it("without a word is told by its status", async () => {
    upstream.answers(json("tea", 418));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      message: "The provider mock refused (status 418)",
    });
  });

  it("does not repeat a key, whatever its status", async () => {
    const key = `sk-proj-${"a1".repeat(20)}`;
    upstream.answers(json({ error: { message: `Incorrect API key provided: ${key}.` } }, 400));
    expect(await failureOf(upstream.models().chat.complete(request, {}))).toMatchObject({
      message: "The provider mock refused: Incorrect API key provided: [API-KEY].",
      members: { providerError: { message: "Incorrect API key provided: [API-KEY]." } },
    });
  });

  it("does not show what it said about the key", async () => {
    upstream.answers(json({ error: { message: "Incorrect API key: sk-secret" } }, 401));
    const failure = await failureOf(upstream.models().chat.complete(request, {}));
    expect(failure).toMatchObject({ code: "provider-refused" });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("sk-secret");
  });
});

describe("an upstream that misbehaves", () => {
  it.each([
    ["is silent", silence, "provider-timeout"],
    ["sends a page", (r) => void r.writeHead(200, { "content-type": "text/html" }).end("<html>"), "provider-failed"],
    ["sends half an answer", (r) => void r.writeHead(200).end('{"choices":[{"ind'), "provider-failed"],
    ["sends an error as success", json({ error: { message: "oops" } }), "provider-failed"],
    ["sends a list", json([]), "provider-failed"],
    ["sends no choices", json({ id: "x" }), "provider-failed"],
    ["sends none of its choices", json({ ...completion(), choices: [] }), "provider-failed"],
    ["redirects", json({}, 302, { location: "http://169.254.169.254/" }), "provider-failed"],
    ["stops in its answer", (r) => void r.writeHead(200, { "content-length": "100" }).write("{"), "provider-timeout"],
  ] satisfies [string, import("./mock-upstream.ts").Answer, string][])(
    "is a problem when it %s",
    async (_n, answer, code) => {
      upstream.answers(answer);
      const models = upstream.models({ timeoutMs: 150 });
      expect(await failureOf(models.chat.complete(request, {}))).toMatchObject({ code });
    },
  );
});

describe("a stream", () => {
  it("is asked for with usage, and passes as it is", async () => {
    upstream.answers(events(WHOLE_STREAM));
    const stream = await upstream
      .models()
      .chat.stream({ ...request, stream_options: { include_obfuscation: false } }, {});
    expect(await new Response(stream).text()).toBe(WHOLE_STREAM.join(""));
    expect(upstream.received[0]?.body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    });
  });

  it("stops the upstream when it is cancelled", async () => {
    upstream.answers(events(WHOLE_STREAM.slice(0, 2), "hang"));
    const before = upstream.closedEarly;
    const stream = await upstream.models().chat.stream(request, {});
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => upstream.closedEarly).toBe(before + 1);
  });

  it.each([
    ["an error as success", json({ error: { message: "overloaded" } })],
    ["a page", (r) => void r.writeHead(200, { "content-type": "text/html" }).end("<html>")],
  ] satisfies [string, import("./mock-upstream.ts").Answer][])(
    "is refused when the upstream sends %s",
    async (_name, answer) => {
      upstream.answers(answer);
      expect(await failureOf(upstream.models().chat.stream(request, {}))).toMatchObject({ code: "provider-failed" });
    },
  );
});

it("a stream is known by its media type in any case", async () => {
  upstream.answers((response) => {
    response.writeHead(200, { "content-type": "Text/Event-Stream; charset=UTF-8" }).end(WHOLE_STREAM.join(""));
  });
  const text = await new Response(await upstream.models().chat.stream(request, {})).text();
  expect(text).toBe(WHOLE_STREAM.join(""));
});

describe("embeddings", () => {
  it("come in the order of the texts, from base64 or numbers", async () => {
    const half = Buffer.from(new Float32Array([0.5, -1]).buffer).toString("base64");
    const data = [
      { object: "embedding", index: 1, embedding: half },
      { object: "embedding", index: 0, embedding: [0.25, 1] },
    ];
    upstream.answers(json({ object: "list", model: "e", data, usage: { prompt_tokens: 2, total_tokens: 2 } }));
    const asked = { model: "e", input: ["a", "b"], dimensions: 2, more: { input_type: "query" } };
    const answer = await upstream.models().embedding.embed(asked, {});
    expect(answer.vectors.map((vector) => Array.from(vector))).toEqual([
      [0.25, 1],
      [0.5, -1],
    ]);
    expect(upstream.received[0]?.body).toEqual({
      model: "e",
      input: ["a", "b"],
      dimensions: 2,
      input_type: "query",
      encoding_format: "base64",
    });
  });

  it.each([undefined, { prompt_tokens: -5, total_tokens: -5 }, { prompt_tokens: 1e300, total_tokens: 1 }])(
    "are counted by estimate where their usage is %j",
    async (usage) => {
      const data = [{ object: "embedding", index: 0, embedding: [1] }];
      upstream.answers(json({ object: "list", model: "e", data, usage }));
      const answer = await upstream.models().embedding.embed({ model: "e", input: ["some text"] }, {});
      expect(answer).toMatchObject({ promptTokens: 3, isEstimated: true });
    },
  );

  it("are refused when there are fewer than texts", async () => {
    upstream.answers(json({ object: "list", data: [{ object: "embedding", index: 0, embedding: [1] }] }));
    expect(await failureOf(upstream.models().embedding.embed({ model: "e", input: ["a", "b"] }, {}))).toMatchObject({
      code: "provider-failed",
    });
  });
});

describe("the list of models", () => {
  it("holds the provider's names", async () => {
    upstream.answers(json({ object: "list", data: [{ id: "a/b" }, { id: 5 }, null] }));
    expect(await upstream.models().list({})).toEqual(["a/b"]);
  });
});
