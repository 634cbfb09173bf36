import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { aBenchPlatform, type BenchPlatform } from "../bench/platform.ts";

// What the official clients see of a provider that misbehaves, over real connections.
//   B1  A client gets its own class of error, within the provider's time limit and little more.
//   B2  A stream that broke has no end mark, whatever broke it.
//   B3  Another target answers as long as no word was said, and never after it.
//   B4  The bill says that the call failed, a stream's words are on it by estimate, and budgets hold nothing for it any more.

const TIME_LIMIT_MS = 500;
/** The limit, the runtime's own time and a machine that does other work. */
const BOUND_MS = 10_000;

const FAULTS = ["silent", "stalls", "resets", "cut", "html", "half", "garbage", "error"] as const;
type Fault = (typeof FAULTS)[number];
/** Those that break a stream before its first word; the others break it after. */
const WORDLESS: readonly Fault[] = ["silent", "resets", "html"];
const statusOf = (fault: Fault) => (fault === "silent" ? 504 : 502);
/** A whole answer that stalls runs into the time limit; a stream is told so in an event. */
const wholeStatusOf = (fault: Fault) => (fault === "stalls" ? 504 : statusOf(fault));

const WORDS = "Hello there.";
const FLOOD = Array.from({ length: 10 * 1_024 }, (_, n) => `${n} `.padEnd(1_024, "x"));

const event = (content: string, reason: string | null = null) => {
  const choices = [{ index: 0, delta: { content }, finish_reason: reason }];
  return `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
};
const END = [event("", "stop"), "data: [DONE]\n\n"];
const completion = (content: string) =>
  JSON.stringify({
    ...{ id: "c1", object: "chat.completion", created: 1, model: "m" },
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  });

/** Answers as the model's name says. */
async function answer(model: string, isStream: boolean, response: ServerResponse): Promise<void> {
  const fault = model.split(".")[0];
  const socket = response.socket;
  if (fault === "silent") return;
  if (fault === "resets") return void socket?.resetAndDestroy();
  if (fault === "html") {
    return void response
      .writeHead(200, { "content-type": "text/html" })
      .end("<html><body>Sign in first.</body></html>");
  }
  const begun = response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json" });
  const whole = isStream ? event("x") : completion("x");
  const said = isStream ? event(WORDS) : "";
  const half = `${said}${whole.slice(0, whole.length / 2)}`;
  if (fault === "stalls") return void begun.write(half);
  if (fault === "cut") return void begun.write(half, () => setTimeout(() => socket?.resetAndDestroy(), 20));
  if (fault === "half") return void begun.end(half);
  if (fault === "garbage")
    return void begun.end(`${said}${isStream ? "data: {oops\n\n" : "{oops"}${isStream ? END[1] : ""}`);
  if (fault === "error") {
    const error = JSON.stringify({ error: { message: "The engine is overloaded." } });
    return void begun.end(isStream ? `${said}data: ${error}\n\n${END[1]}` : error);
  }
  const parts = fault === "flood" ? FLOOD : [WORDS];
  if (!isStream) return void begun.end(completion(parts.join("")));
  for (const part of [...parts.map((text) => event(text)), ...END]) {
    if (!begun.write(part)) await once(begun, "drain");
  }
  begun.end();
}

describe("a provider that misbehaves", { timeout: 60_000 }, () => {
  let platform: BenchPlatform;
  let provider: Server;
  let openai: OpenAI;
  let aiSdk: ReturnType<typeof createOpenAICompatible>;
  let heard: string[] = [];

  beforeAll(async () => {
    provider = createServer(async (request, response) => {
      const { model, stream } = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
      heard.push(model);
      await answer(model, stream === true, response);
    }).listen(0, "127.0.0.1");
    await once(provider, "listening");
    platform = await aBenchPlatform(tmpdir());
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
    // A token costs a micro-dollar.
    const price = { inputUsdMicrosPerMillionTokens: 1_000_000, outputUsdMicrosPerMillionTokens: 1_000_000 };
    const prices = Object.fromEntries(FAULTS.map((fault) => [`${fault}.bill`, price]));
    const server = { kind: "openai-compatible", baseUrl, prices };
    await platform.call("PUT", "/v1/providers/up", { ...server, timeoutMs: TIME_LIMIT_MS });
    await platform.call("PUT", "/v1/providers/patient", server);
    await platform.call("PUT", "/v1/budgets/tenant", { usdMicrosPerMonth: 1_000_000_000 });
    const { key: apiKey } = await platform.call<{ key: string }>("POST", "/v1/api-keys", {
      ...{ name: "Client", scopes: ["llm:read", "llm:write"] },
    });
    const baseURL = `${platform.url}/v1`;
    openai = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
    aiSdk = createOpenAICompatible({ name: "weft", apiKey, baseURL });
  }, 60_000);
  afterAll(async () => {
    await platform.stop();
    provider.closeAllConnections();
    provider.close();
  });

  const messages = [{ role: "user" as const, content: "Say hello." }];
  const raw = async (model: string) =>
    (await platform.send("POST", "/v1/chat/completions", { model, messages, stream: true })).text();

  /** What a client was given before it was told of the failure, and the failure. */
  async function heardFrom(stream: () => Promise<AsyncIterable<string>>): Promise<{ text: string; failure: unknown }> {
    let text = "";
    try {
      for await (const part of await stream()) text += part;
      return { text, failure: null };
    } catch (failure) {
      return { text, failure };
    }
  }

  const streamed = (model: string) =>
    heardFrom(async () => {
      const stream = await openai.chat.completions.create({ model, messages, stream: true });
      return (async function* () {
        for await (const { choices } of stream) yield choices[0]?.delta.content ?? "";
      })();
    });

  const streamedByAiSdk = (model: string) =>
    heardFrom(async () => {
      const { fullStream } = streamText({
        model: aiSdk(model),
        prompt: "Say hello.",
        maxRetries: 0,
        onError: () => {},
      });
      return (async function* () {
        for await (const part of fullStream) {
          if (part.type === "error") throw part.error;
          if (part.type === "text-delta") yield part.text;
        }
      })();
    });

  async function inTime<T>(work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const outcome = await work;
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    return outcome;
  }

  describe.each(FAULTS)("(%s)", (fault) => {
    const isWordless = WORDLESS.includes(fault);

    it("is a server error to OpenAI's client and to the AI SDK that wait for a whole answer", async () => {
      const asked = openai.chat.completions.create({ model: `up/${fault}.whole`, messages });
      const failure = await inTime(asked.catch((error: unknown) => error));
      expect(failure).toBeInstanceOf(OpenAI.InternalServerError);
      expect(failure).toMatchObject({ status: wholeStatusOf(fault), type: "server_error" });

      const generated = generateText({ model: aiSdk(`up/${fault}.sdk`), prompt: "Say hello.", maxRetries: 0 });
      const other = await inTime(generated.catch((error: unknown) => error));
      expect(APICallError.isInstance(other)).toBe(true);
      expect(other).toMatchObject({ statusCode: wholeStatusOf(fault), isRetryable: true });
    });

    it("ends their streams with an error, before or after the words, and without an end mark", async () => {
      const { text, failure } = await inTime(streamed(`up/${fault}.stream`));
      expect(text).toBe(isWordless ? "" : WORDS);
      if (isWordless) expect(failure).toMatchObject({ status: statusOf(fault) });
      expect(failure).toBeInstanceOf(isWordless ? OpenAI.InternalServerError : OpenAI.APIError);

      const other = await inTime(streamedByAiSdk(`up/${fault}.sdk-stream`));
      expect(other.text).toBe(isWordless ? "" : WORDS);
      expect(other.failure).not.toBeNull();

      const body = await inTime(raw(`up/${fault}.raw`));
      expect(body).toContain('"server_error"');
      expect(body).not.toContain("[DONE]");
    });

    it("is passed over by a route until a word was said, and never after it", async () => {
      const route = `${fault}-or-good`;
      await platform.call("PUT", `/v1/model-routes/${route}`, {
        ...{ strategy: "fallback", retries: 0 },
        targets: [{ model: `up/${fault}.route` }, { model: `up/good.${fault}` }],
      });
      const whole = await inTime(openai.chat.completions.create({ model: route, messages }));
      expect(whole.choices[0]?.message.content).toBe(WORDS);

      heard = [];
      const { text, failure } = await inTime(streamed(route));
      expect(text).toBe(WORDS);
      expect(failure === null).toBe(isWordless);
      expect(heard.includes(`good.${fault}`)).toBe(isWordless);
    });

    it("costs what its stream had said, by estimate, and holds no budget", async () => {
      await raw(`up/${fault}.bill`);
      const bill = await vi.waitFor(async () => {
        const path = `/v1/models/performance?model=up/${fault}.bill`;
        const { data } = await platform.call<{ data: Record<string, number>[] }>("GET", path);
        expect(data).toHaveLength(1);
        return data[0] ?? {};
      }, BOUND_MS);
      expect(bill).toMatchObject({ calls: 1, failures: 1 });
      const { promptTokens = 0, completionTokens = 0, costUsdMicros } = bill;
      expect(completionTokens > 0).toBe(!isWordless);
      expect(costUsdMicros).toBe(isWordless ? 0 : promptTokens + completionTokens);
      await vi.waitFor(async () => {
        const { data } = await platform.call<{ data: { heldUsdMicros: number }[] }>("GET", "/v1/budgets");
        expect(data).toMatchObject([{ heldUsdMicros: 0 }]);
      }, BOUND_MS);
    });
  });

  it("may send ten megabytes: they arrive, whole and streamed", async () => {
    const flood = FLOOD.join("");
    const whole = await openai.chat.completions.create({ model: "patient/flood.whole", messages });
    expect(whole.choices[0]?.message.content === flood).toBe(true);
    const { text, failure } = await streamed("patient/flood.stream");
    expect(failure).toBeNull();
    expect(text === flood).toBe(true);
  });
});
