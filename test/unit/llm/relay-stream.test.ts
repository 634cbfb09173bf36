import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { eventStreamParser } from "../../../domain/llm/event-stream.ts";
import { type Relay, relayStream } from "../../../services/llm/relay-stream.ts";
import {
  type Answer,
  chunk,
  events,
  type MockUpstream,
  mockUpstream,
  USAGE,
  usageChunk,
  WHOLE_STREAM,
} from "./mock-upstream.ts";

let upstream: MockUpstream;
beforeAll(async () => {
  upstream = await mockUpstream();
});
afterAll(() => upstream.close());

const request = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };

/** A provider whose stream says what the test has it say. */
function aProvider() {
  let provider: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      provider = controller;
    },
  });
  return { stream, say: (events: readonly string[]) => provider?.enqueue(Buffer.from(events.join(""))) };
}

async function relayed(
  answer: Answer,
  more: { wantsUsage?: boolean; silenceMs?: number; firstWordBy?: number; signal?: AbortSignal } = {},
): Promise<Relay> {
  upstream.answers(answer);
  const stream = await upstream.models().chat.stream(request, {});
  const options = {
    provider: "mock",
    wantsUsage: false,
    silenceMs: 1_000,
    clock: { now: () => Date.now() },
    askedAt: Date.now(),
    ...more,
  };
  return relayStream(stream, options);
}

async function eventsOf(relay: Relay): Promise<string[]> {
  return eventStreamParser().push(await new Response(relay.body).text());
}

const contents = (list: string[]) =>
  list
    .filter((event) => event !== "[DONE]")
    .map((event) => JSON.parse(event).choices?.[0]?.delta?.content ?? "")
    .join("");

describe("a stream that ends well", () => {
  it("passes, without the usage that nobody asked for", async () => {
    const relay = await relayed(events(WHOLE_STREAM));
    const text = await new Response(relay.body).text();
    expect(text).toBe(WHOLE_STREAM.filter((event) => event !== usageChunk).join(""));
    expect(await relay.outcome).toMatchObject({
      status: "succeeded",
      usage: USAGE,
      finishReason: "stop",
      problem: null,
    });
  });

  it("passes with usage when it was asked for", async () => {
    const relay = await relayed(events(WHOLE_STREAM), { wantsUsage: true });
    expect(await new Response(relay.body).text()).toBe(WHOLE_STREAM.join(""));
  });

  it("passes in whole events however it is cut", async () => {
    const text = WHOLE_STREAM.join("").replaceAll("hel", "hé😀l");
    for (const size of [1, 7, 40]) {
      const bytes = Buffer.from(text);
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      const relay = await relayStream(stream, {
        provider: "p",
        wantsUsage: true,
        silenceMs: 1_000,
        clock: { now: () => 0 },
        askedAt: 0,
      });
      for await (const piece of relay.body) expect(Buffer.from(piece).toString().endsWith("\n\n")).toBe(true);
      expect((await relay.outcome).status).toBe("succeeded");
    }
  });

  it("needs no end mark after a finish reason, and gets one", async () => {
    const relay = await relayed(events(WHOLE_STREAM.slice(0, 4)));
    expect((await eventsOf(relay)).at(-1)).toBe("[DONE]");
    expect(await relay.outcome).toMatchObject({ status: "succeeded", usage: null, estimatedCompletionTokens: 2 });
  });

  it("may leave out the blank line of its end mark", async () => {
    const relay = await relayed(events([...WHOLE_STREAM.slice(0, 5), "data: [DONE]"]));
    expect((await eventsOf(relay)).at(-1)).toBe("[DONE]");
  });

  it("may hold what looks like marks in its content", async () => {
    const tricky = '"usage":{ "error": { [DONE] "finish_reason":"stop"';
    const relay = await relayed(events([chunk({ content: tricky }), ...WHOLE_STREAM.slice(3)]));
    expect(contents(await eventsOf(relay))).toBe(tricky);
    expect((await relay.outcome).status).toBe("succeeded");
  });

  it("may hold an event without data", async () => {
    const relay = await relayed(events([...WHOLE_STREAM.slice(0, 2), "data:\n\n", ...WHOLE_STREAM.slice(2)]));
    expect(contents(await eventsOf(relay))).toBe("hello");
    expect((await relay.outcome).status).toBe("succeeded");
  });

  it.each(["\r\n", "\r"])("may end its lines with %j", async (ending) => {
    const relay = await relayed(events(WHOLE_STREAM.map((event) => event.replaceAll("\n", ending))));
    expect(contents(await eventsOf(relay))).toBe("hello");
    expect((await relay.outcome).usage).toEqual(USAGE);
  });
});

it("a stream that begins with a comment begins with the event behind it", async () => {
  const relay = await relayed(events([": OPENROUTER PROCESSING\n\n", ...WHOLE_STREAM]));
  expect(contents(await eventsOf(relay))).toBe(contents(WHOLE_STREAM.map((event) => event.slice(6).trim())));
});

it.each([
  ["an end", "data: [DONE]\n\n"],
  ["a finish reason", chunk({}, { finish_reason: "stop" })],
])("a stream that has nothing to say before %s passes whole", async (_name, last) => {
  const role = chunk({ role: "assistant", content: "" });
  const relay = await relayed(events([role, last]));
  expect((await eventsOf(relay))[0]).toBe(role.slice(6).trim());
  expect((await relay.outcome).status).toBe("succeeded");
});

describe("a stream that breaks", () => {
  it.each([
    ["ends too early", events(WHOLE_STREAM.slice(0, 3))],
    ["is reset", events(WHOLE_STREAM.slice(0, 3), "reset")],
    ["ends in half an event", events([...WHOLE_STREAM.slice(0, 3), 'data: {"id":"c","cho'])],
    ["falls silent", events(WHOLE_STREAM.slice(0, 3), "hang")],
    ["sends an error", events([...WHOLE_STREAM.slice(0, 3), 'data: {"error":{"message":"overloaded"}}\n\n'], "hang")],
    [
      "sends an error that is called one",
      events([...WHOLE_STREAM.slice(0, 3), 'data: {"object":"error"}\n\n'], "hang"),
    ],
    [
      "sends an error event",
      events([...WHOLE_STREAM.slice(0, 3), 'event: error\ndata: {"message":"overloaded","code":500}\n\n'], "hang"),
    ],
    [
      "sends a word that is no JSON",
      events([...WHOLE_STREAM.slice(0, 3), 'data: {"id":"c", choices}\n\n', ...WHOLE_STREAM.slice(3)]),
    ],
    ["sends no JSON", events([...WHOLE_STREAM.slice(0, 3), "data: [DONE oops\n\n", "data: <html>[DONE]\n\n"], "hang")],
  ])("ends with an error event and no end mark when it %s", async (_name, answer) => {
    const relay = await relayed(answer, { silenceMs: 100 });
    const list = await eventsOf(relay);
    expect(JSON.parse(list.at(-1) ?? "")).toMatchObject({ error: { type: "server_error" } });
    expect(list).not.toContain("[DONE]");
    expect(contents(list)).toBe("hello");
    expect(await relay.outcome).toMatchObject({ status: "interrupted", usage: null, estimatedCompletionTokens: 2 });
  });

  const refused = 'data: {"error":{"message":"no"}}\n\n';
  const waiting = ": OPENROUTER PROCESSING\n\n";
  const role = WHOLE_STREAM[0] ?? "";

  it.each([
    ["is empty", events([])],
    ["refuses at once", events([refused])],
    ["falls silent at once", events([], "hang")],
    ["refuses after comments", events([waiting, waiting, refused])],
    ["refuses after its role", events([role, refused])],
    ["ends with nothing but its end mark", events(["data: [DONE]\n\n"])],
    ["ends with usage alone", events([usageChunk, "data: [DONE]\n\n"])],
    ["breaks off after its role", events([role])],
    ["falls silent after its role", events([role], "hang")],
    ["begins with no JSON", events([role, "data: <html>\n\n"])],
  ])("is a plain failure before its first word when it %s", async (_name, answer) => {
    const failure = await relayed(answer, { silenceMs: 80 }).then(
      (relay) => new Response(relay.body).text(),
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name: "Problem" });
  });
});

describe("a stream whose first word is awaited until a moment", () => {
  const hundred = (event: string) => Array.from({ length: 100 }, () => event);

  it.each([
    ["comments", ": OPENROUTER PROCESSING\n\n"],
    ["its role", chunk({ role: "assistant", content: "" })],
  ])("is a plain failure when it has sent nothing but %s by then", async (_name, event) => {
    const options = { silenceMs: 60_000, firstWordBy: Date.now() + 100 };
    const failure = await relayed(events(hundred(event), "hang"), options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "provider-timeout" });
  });

  it("takes its time once it has begun", async () => {
    vi.useFakeTimers();
    try {
      const { stream, say } = aProvider();
      const clock = { now: () => Date.now() };
      const times = { askedAt: Date.now(), firstWordBy: Date.now() + 1_000, silenceMs: 60_000 };
      const begun = relayStream(stream, { provider: "p", wantsUsage: true, clock, ...times });
      say(WHOLE_STREAM.slice(0, 2));
      const relay = await begun;
      const text = new Response(relay.body).text();
      await vi.advanceTimersByTimeAsync(10_000);
      say(WHOLE_STREAM.slice(2));
      await vi.advanceTimersByTimeAsync(100);
      expect(await text).toBe(WHOLE_STREAM.join(""));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a client that leaves", () => {
  it("stops the upstream and is billed what was said until then", async () => {
    const before = upstream.closedEarly;
    const relay = await relayed(events(WHOLE_STREAM.slice(0, 3), "hang"));
    const reader = relay.body.getReader();
    for (let text = ""; !text.includes('"lo"'); ) text += Buffer.from((await reader.read()).value ?? []).toString();
    await reader.cancel();
    expect(await relay.outcome).toMatchObject({ status: "cancelled", usage: null, estimatedCompletionTokens: 2 });
    await expect.poll(() => upstream.closedEarly).toBe(before + 1);
  });

  it("is noticed by its signal as well", async () => {
    const stop = new AbortController();
    const relay = await relayed(events(WHOLE_STREAM.slice(0, 3), "hang"), { signal: stop.signal });
    stop.abort();
    expect((await relay.outcome).status).toBe("cancelled");
  });

  it("does not make the upstream run ahead of it", async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(Buffer.from(chunk({ content: "x" })));
      },
    });
    const relay = await relayStream(stream, {
      provider: "p",
      wantsUsage: false,
      silenceMs: 1_000,
      clock: { now: () => 0 },
      askedAt: 0,
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pulled).toBeLessThan(6);
    await relay.body.cancel();
  });
});

describe("a client that waits", () => {
  it("is served after 15 seconds without a word, and hears a comment every 15 seconds", async () => {
    vi.useFakeTimers();
    try {
      const { stream, say } = aProvider();
      const askedAt = Date.now();
      const options = { provider: "p", wantsUsage: true, silenceMs: 60_000, clock: { now: () => Date.now() }, askedAt };
      // The provider takes its time to agree to answer, too.
      await vi.advanceTimersByTimeAsync(8_000);
      const begun = relayStream(stream, options);
      await vi.advanceTimersByTimeAsync(7_000);
      const relay = await begun;
      const text = new Response(relay.body).text();
      await vi.advanceTimersByTimeAsync(30_000);
      for (const event of WHOLE_STREAM) say([event]);
      await vi.advanceTimersByTimeAsync(100);
      expect(await text).toBe(`${": keep-alive\n\n".repeat(3)}${WHOLE_STREAM.join("")}`);
      expect((await relay.outcome).status).toBe("succeeded");
    } finally {
      vi.useRealTimers();
    }
  });

  it("is told when the provider stays silent after that", async () => {
    vi.useFakeTimers();
    try {
      const askedAt = Date.now();
      const options = { provider: "p", wantsUsage: true, silenceMs: 20_000, clock: { now: () => Date.now() }, askedAt };
      const begun = relayStream(new ReadableStream<Uint8Array>(), options);
      await vi.advanceTimersByTimeAsync(15_000);
      const text = new Response((await begun).body).text();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await text).toContain("was silent for 20000 ms");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a very long stream", () => {
  it("passes whole, and is counted though the provider does not count", async () => {
    const event = Buffer.from(chunk({ content: "word ".repeat(2_000) }));
    let left = 1_000;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(event);
        else {
          controller.enqueue(Buffer.from(chunk({}, { finish_reason: "stop" })));
          controller.close();
        }
      },
    });
    const options = { provider: "p", wantsUsage: false, silenceMs: 5_000, clock: { now: () => 0 }, askedAt: 0 };
    const relay = await relayStream(stream, options);
    let bytes = 0;
    for await (const part of relay.body) bytes += part.byteLength;
    expect(bytes).toBeGreaterThan(10_000_000);
    expect((await relay.outcome).estimatedCompletionTokens).toBe(2_500_000);
  });
});
