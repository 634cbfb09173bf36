import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatCompletionRequest } from "../../../domain/llm/chat-completion.ts";
import { eventStreamParser } from "../../../domain/llm/event-stream.ts";
import { relayStream } from "../../../services/llm/relay-stream.ts";
import { assembledCompletion } from "./assembled-completion.ts";
import { events, json, type MockUpstream, mockUpstream } from "./mock-upstream.ts";

let upstream: MockUpstream;
beforeAll(async () => {
  upstream = await mockUpstream();
});
afterAll(() => upstream.close());

const models = () => upstream.models({ kind: "anthropic", apiKey: "sk-ant" });
const request = (more: object = {}) =>
  ChatCompletionRequest.parse({ model: "claude-x", messages: [{ role: "user", content: "hi" }], ...more });
const message = (more: object = {}) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: "Hello." }],
  stop_reason: "end_turn",
  usage: { input_tokens: 10, output_tokens: 5 },
  ...more,
});
async function sentFor(more: object): Promise<Record<string, unknown>> {
  upstream.answers(json(message()));
  await models().chat.complete(request(more), {});
  return upstream.received[0]?.body ?? {};
}
const event = (data: { type: string } & Record<string, unknown>) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

describe("what Anthropic is asked", () => {
  it("goes to its own address with its own headers", async () => {
    upstream.answers(json(message()));
    await models().chat.complete(request(), {});
    const [sent] = upstream.received;
    expect(sent?.path).toBe("/v1/messages");
    expect(sent?.headers).toMatchObject({ "x-api-key": "sk-ant", "anthropic-version": "2023-06-01" });
    expect(sent?.headers.authorization).toBeUndefined();
    expect(sent?.body).toEqual({
      model: "claude-x",
      max_tokens: 4_096,
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    });
  });

  it("holds instructions apart, alternating turns, tool calls and their results", async () => {
    const call = (id: string, text: string) => ({
      id,
      type: "function",
      function: { name: "weather", arguments: text },
    });
    const sent = await sentFor({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "developer", content: "Use tools." },
        { role: "user", content: "Weather?" },
        { role: "user", content: "In Oslo and Rome." },
        { role: "assistant", content: null, tool_calls: [call("a", '{"city":"Oslo"}'), call("b", "not json")] },
        { role: "tool", tool_call_id: "a", content: "rain" },
        { role: "tool", tool_call_id: "b", content: "sun" },
        { role: "user", content: "So?" },
      ],
    });
    expect(sent.system).toBe("Be brief.\n\nUse tools.");
    expect(sent.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "Weather?" },
          { type: "text", text: "In Oslo and Rome." },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a", name: "weather", input: { city: "Oslo" } },
          { type: "tool_use", id: "b", name: "weather", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: "rain" },
          { type: "tool_result", tool_use_id: "b", content: "sun" },
          { type: "text", text: "So?" },
        ],
      },
    ]);
  });

  it("holds pictures", async () => {
    const parts = ["data:image/png;base64,AAAA", "https://example.com/a.png"].map((url) => ({
      type: "image_url",
      image_url: { url },
    }));
    const sent = await sentFor({ messages: [{ role: "user", content: parts }] });
    expect(sent.messages).toMatchObject([
      {
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
          { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
        ],
      },
    ]);
  });

  it.each([
    ["auto", undefined, undefined],
    ["none", undefined, { type: "none" }],
    ["required", undefined, { type: "any" }],
    ["required", false, { type: "any", disable_parallel_tool_use: true }],
    [undefined, false, { type: "auto", disable_parallel_tool_use: true }],
    [{ type: "function", function: { name: "weather" } }, undefined, { type: "tool", name: "weather" }],
  ])("chooses tools as OpenAI's %j with parallel %j", async (tool_choice, parallel_tool_calls, expected) => {
    const tools = [
      { type: "function", function: { name: "weather", description: "d", parameters: { type: "object" } } },
    ];
    const sent = await sentFor({ tools, tool_choice, parallel_tool_calls });
    expect(sent.tools).toEqual([{ name: "weather", description: "d", input_schema: { type: "object" } }]);
    expect(sent.tool_choice).toEqual(expected);
  });

  it("offers the tools that are allowed, and no others", async () => {
    const tools = ["weather", "time"].map((name) => ({ type: "function", function: { name } }));
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "time" } }] };
    const sent = await sentFor({ tools, tool_choice: { type: "allowed_tools", allowed_tools: allowed } });
    expect(sent.tools).toEqual([{ name: "time", input_schema: { type: "object" } }]);
    expect(sent.tool_choice).toEqual({ type: "any" });
  });

  it("may call the client's tools before it answers in the shape that was asked for", async () => {
    const format = { type: "json_schema", json_schema: { name: "city", schema: { type: "object" } } };
    const tools = [{ type: "function", function: { name: "weather" } }];
    expect((await sentFor({ tools, response_format: format })).tool_choice).toEqual({ type: "any" });
  });

  it("is told of JSON in its instructions", async () => {
    const format = { type: "json_object" };
    expect((await sentFor({ response_format: format })).system).toBe(
      "Reply with a single JSON object and nothing else.",
    );
  });

  it("holds a PDF", async () => {
    const file = { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" };
    const sent = await sentFor({ messages: [{ role: "user", content: [{ type: "file", file }] }] });
    const source = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };
    expect(sent.messages).toEqual([{ role: "user", content: [{ type: "document", source, title: "a.pdf" }] }]);
  });

  it("holds what is marked for its cache: instructions, tools and results", async () => {
    const cache_control = { type: "ephemeral" };
    const text = (words: string, more: object = {}) => ({ type: "text", text: words, ...more });
    const sent = await sentFor({
      messages: [
        { role: "system", content: [text("Be brief."), text("The handbook.", { cache_control })] },
        { role: "tool", tool_call_id: "t1", content: [text("25 days", { cache_control })] },
      ],
      tools: [{ type: "function", function: { name: "f" }, cache_control }],
    });
    expect(sent).toMatchObject({
      system: [text("Be brief."), text("The handbook.", { cache_control })],
      messages: [{ content: [{ type: "tool_result", content: [text("25 days", { cache_control })] }] }],
      tools: [{ name: "f", cache_control }],
    });
  });

  it("holds the pictures that a tool gave", async () => {
    const image_url = { url: "data:image/png;base64,AAAA" };
    const { messages } = await sentFor({
      messages: [{ role: "tool", tool_call_id: "t1", content: [{ type: "image_url", image_url }] }],
    });
    const source = { type: "base64", media_type: "image/png", data: "AAAA" };
    expect(messages).toMatchObject([{ content: [{ type: "tool_result", content: [{ type: "image", source }] }] }]);
  });

  it("leaves room for an answer beside what is thought", async () => {
    const thinking = { type: "enabled", budget_tokens: 10_000 };
    expect(await sentFor({ thinking })).toMatchObject({ thinking, max_tokens: 14_096 });
  });

  it("keeps to Anthropic's ranges and names", async () => {
    const sent = await sentFor({ temperature: 1.8, stop: "END", max_completion_tokens: 7, user: "u1", seed: 4 });
    expect(sent).toMatchObject({ temperature: 1, stop_sequences: ["END"], max_tokens: 7, metadata: { user_id: "u1" } });
    expect(sent.seed).toBeUndefined();
  });

  it("refuses what Anthropic cannot do", async () => {
    const said = (part: object) => ({ messages: [{ role: "user", content: [part] }] });
    const tools = [{ type: "function", function: { name: "weather" } }];
    for (const more of [
      { n: 2 },
      { tools: [{ type: "custom", custom: { name: "x" } }] },
      { tools, tool_choice: "sometimes" },
      { tools, tool_choice: { type: "function" } },
      said({ type: "input_audio" }),
      said({ type: "image_url" }),
      said({ type: "image_url", image_url: { url: "data:oops" } }),
      said({ type: "file", file: { file_id: "file-1" } }),
    ]) {
      const failure = await models()
        .chat.complete(request(more), {})
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "validation-failed" });
    }
  });
});

describe("what Anthropic answers", () => {
  it("is a completion with tool calls, thoughts and every counted token", async () => {
    upstream.answers(
      json(
        message({
          content: [
            { type: "thinking", thinking: "Hm." },
            { type: "text", text: "Let me look." },
            { type: "tool_use", id: "tu_1", name: "weather", input: { city: "Oslo" } },
            { type: "server_novelty", x: 1 },
          ],
          stop_reason: "tool_use",
          usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100, cache_creation_input_tokens: 20 },
        }),
      ),
    );
    const answer = await models().chat.complete(request(), {});
    expect(answer.choices[0]).toMatchObject({
      message: {
        content: "Let me look.",
        reasoning_content: "Hm.",
        tool_calls: [{ id: "tu_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }],
      },
      finish_reason: "tool_calls",
    });
    expect(answer.usage).toEqual({
      prompt_tokens: 130,
      completion_tokens: 5,
      total_tokens: 135,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 20 },
    });
  });

  it("has its thoughts with their seals, and is given them back before its calls", async () => {
    const thoughts = [
      { type: "thinking", thinking: "Hm.", signature: "seal" },
      { type: "redacted_thinking", data: "hidden" },
    ];
    const use = { type: "tool_use", id: "t1", name: "f", input: {} };
    upstream.answers(json(message({ content: [...thoughts, use], stop_reason: "tool_use" })));
    const [choice] = (await models().chat.complete(request(), {})).choices;
    expect(choice?.message).toMatchObject({ reasoning_content: "Hm.", thinking_blocks: thoughts });
    const result = { role: "tool", tool_call_id: "t1", content: "42" };
    const { messages } = await sentFor({ messages: [{ role: "user", content: "hi" }, choice?.message, result] });
    expect(messages).toMatchObject([{}, { role: "assistant", content: [...thoughts, use] }, {}]);
  });

  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["refusal", "content_filter"],
  ])("ends for %s as %s", async (stop_reason, expected) => {
    upstream.answers(json(message({ stop_reason })));
    expect((await models().chat.complete(request(), {})).choices[0]?.finish_reason).toBe(expected);
  });

  it("has the shape that was asked for", async () => {
    const format = { type: "json_schema", json_schema: { name: "city", schema: { type: "object" } } };
    const use = { type: "tool_use", id: "t", name: "structured_answer", input: { city: "Oslo" } };
    const content = [{ type: "text", text: "Here you are:" }, use];
    upstream.answers(json(message({ content, stop_reason: "tool_use" })));
    const answer = await models().chat.complete(request({ response_format: format }), {});
    expect(answer.choices[0]).toMatchObject({ message: { content: '{"city":"Oslo"}' }, finish_reason: "stop" });
    expect(answer.choices[0]?.message.tool_calls).toBeUndefined();
    expect(upstream.received[0]?.body).toMatchObject({ tool_choice: { type: "tool", name: "structured_answer" } });
  });

  it("is a refusal in its own words", async () => {
    upstream.answers(json({ type: "error", error: { type: "invalid_request_error", message: "too long" } }, 400));
    const failure = await models()
      .chat.complete(request(), {})
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "provider-refused", members: { providerError: { message: "too long" } } });
  });
});

describe("what Anthropic streams", () => {
  const START = event({
    type: "message_start",
    message: { ...message(), usage: { input_tokens: 9, output_tokens: 1 } },
  });
  const delta = (index: number, value: object) => event({ type: "content_block_delta", index, delta: value });
  const STREAM = [
    START,
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    event({ type: "ping" }),
    delta(0, { type: "text_delta", text: "Let me" }),
    delta(0, { type: "text_delta", text: " look." }),
    event({ type: "content_block_stop", index: 0 }),
    event({
      type: "content_block_start",
      index: 1,
      content_block: { type: "tool_use", id: "t1", name: "weather", input: {} },
    }),
    delta(1, { type: "input_json_delta", partial_json: "" }),
    delta(1, { type: "input_json_delta", partial_json: '{"city":' }),
    delta(1, { type: "input_json_delta", partial_json: '"Oslo"}' }),
    event({ type: "content_block_stop", index: 1 }),
    event({ type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 12 } }),
    event({ type: "message_stop" }),
  ];

  it("is OpenAI's stream, tool calls and usage included", async () => {
    upstream.answers(events(STREAM));
    const text = await new Response(await models().chat.stream(request(), {})).text();
    const list = eventStreamParser().push(text);
    expect(list.pop()).toBe("[DONE]");
    const chunks = list.map((item) => JSON.parse(item));
    expect(chunks[0].choices[0].delta).toEqual({ role: "assistant", content: "" });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("Let me look.");
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(calls[0]).toEqual({ index: 0, id: "t1", type: "function", function: { name: "weather", arguments: "" } });
    expect(calls.map((call) => call.function.arguments).join("")).toBe('{"city":"Oslo"}');
    expect(chunks.at(-2).choices[0].finish_reason).toBe("tool_calls");
    expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 });
    expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`))).toEqual(new Set(["msg_1 claude-x"]));
  });

  it("tells thoughts as they come, and their seals behind them", async () => {
    const thinking = event({
      type: "content_block_start",
      index: 6,
      content_block: { type: "thinking", thinking: "" },
    });
    const hidden = event({
      type: "content_block_start",
      index: 7,
      content_block: { type: "redacted_thinking", data: "hidden" },
    });
    const thought = [
      thinking,
      delta(6, { type: "thinking_delta", thinking: "H" }),
      delta(6, { type: "thinking_delta", thinking: "m." }),
      delta(6, { type: "signature_delta", signature: "seal" }),
      hidden,
    ];
    upstream.answers(events([START, ...thought, ...STREAM.slice(1)]));
    const text = await new Response(await models().chat.stream(request(), {})).text();
    expect(assembledCompletion(text)?.choices[0]?.message).toMatchObject({
      reasoning_content: "Hm.",
      thinking_blocks: [
        { type: "thinking", thinking: "Hm.", signature: "seal" },
        { type: "redacted_thinking", data: "hidden" },
      ],
      content: "Let me look.",
    });
  });

  it("gives a tool without arguments an empty object", async () => {
    const use = { type: "tool_use", id: "t0", name: "now", input: {} };
    const call = [
      event({ type: "content_block_start", index: 6, content_block: use }),
      event({ type: "content_block_stop", index: 6 }),
    ];
    upstream.answers(events([...STREAM.slice(0, 11), ...call, ...STREAM.slice(11)]));
    const text = await new Response(await models().chat.stream(request(), {})).text();
    const said = eventStreamParser().push(text).slice(0, -1);
    const parts = said.flatMap((item) => JSON.parse(item).choices[0]?.delta.tool_calls ?? []);
    const written = (wanted: number) =>
      parts.filter(({ index }) => index === wanted).map((part) => part.function.arguments);
    expect([written(0).join(""), written(1).join("")]).toEqual(['{"city":"Oslo"}', "{}"]);
  });

  it.each([
    ["breaks off", STREAM.slice(0, 5)],
    ["sends a word that is no JSON", [...STREAM.slice(0, 4), "data: {oops\n\n", ...STREAM.slice(4)]],
    [
      "sends an error",
      [...STREAM.slice(0, 5), event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } })],
    ],
  ])("ends with an error when it %s", async (_name, parts) => {
    upstream.answers(events(parts));
    const stream = await models().chat.stream(request(), {});
    const options = {
      provider: "mock",
      wantsUsage: false,
      silenceMs: 500,
      clock: { now: () => Date.now() },
      askedAt: Date.now(),
    };
    const relay = await relayStream(stream, options);
    const list = eventStreamParser().push(await new Response(relay.body).text());
    expect(JSON.parse(list.at(-1) ?? "")).toHaveProperty("error");
    expect((await relay.outcome).status).toBe("interrupted");
  });
});
