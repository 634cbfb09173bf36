import { describe, expect, it } from "vitest";
import { cacheKey, isKeepable, similarityQuestion } from "../../../domain/llm/answer-cache.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../../domain/llm/chat-completion.ts";
import { completionEvents } from "../../../domain/llm/completion-events.ts";
import { eventText } from "../../../domain/llm/event-stream.ts";
import { assembledCompletion } from "./assembled-completion.ts";

const request: ChatCompletionRequest = {
  model: "answers",
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "How many days of leave are paid?" },
  ],
};
const completion = (message: object = {}, reason: string | null = "stop"): ChatCompletion => ({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "Twenty-five days, of which five may be kept.",
        refusal: null,
        ...message,
      },
      logprobs: null,
      finish_reason: reason,
    },
  ],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
});
const CALL = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } };

describe("the key of a request", () => {
  it.each([
    ["streaming", { stream: true, stream_options: { include_usage: true } }],
    ["the caller's name", { user: "u1" }],
    ["a member that is undefined", { tools: undefined }],
  ])("is the same whatever is said of %s", (_name, more) => {
    expect(cacheKey("r", { ...request, ...more })).toBe(cacheKey("r", request));
  });

  it("does not depend on the order of members", () => {
    const { model, messages } = request;
    expect(cacheKey("r", { messages, model })).toBe(cacheKey("r", { model, messages }));
  });

  it.each([
    ["another temperature", { temperature: 0.2 }],
    ["another question", { messages: [{ role: "user" as const, content: "x" }] }],
    ["tools", { tools: [{ type: "function", function: { name: "f" } }] }],
    ["a member that we do not know", { verbosity: "low" }],
  ])("differs with %s", (_name, more) => {
    expect(cacheKey("r", { ...request, ...more })).not.toBe(cacheKey("r", request));
  });

  it("differs with the scope", () => {
    expect(cacheKey("a@1", request)).not.toBe(cacheKey("a@2", request));
  });
});

describe("what may be similar", () => {
  const scopeOf = (more: object) => similarityQuestion("r", { ...request, ...more })?.scope;

  it("is the last question alone", () => {
    const other = [request.messages[0], { role: "user", content: "What is the notice period?" }];
    expect(scopeOf({ messages: other })).toBe(scopeOf({}));
  });

  it.each([
    ["system prompt", { messages: [{ role: "system", content: "Be long." }, request.messages[1]] }],
    ["model", { model: "other" }],
    ["tools", { tools: [{ type: "function", function: { name: "f" } }] }],
    ["format", { response_format: { type: "json_object" } }],
  ])("is never shared with another %s", (_name, more) => {
    expect(scopeOf(more)).not.toBe(scopeOf({}));
  });

  it.each([
    ["a picture", [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }]],
    ["nothing", ""],
    ["a whole document", "word ".repeat(3_000)],
  ])("is not a question of %s", (_name, content) => {
    expect(similarityQuestion("r", { ...request, messages: [{ role: "user", content }] })).toBeNull();
  });

  it("is not a tool's result", () => {
    const messages = [{ role: "tool" as const, content: "12", tool_call_id: "c" }];
    expect(similarityQuestion("r", { ...request, messages })).toBeNull();
  });
});

describe("an answer worth keeping", () => {
  it("is whole", () => {
    expect(isKeepable(completion(), {})).toBe(true);
    for (const reason of ["length", "content_filter", null]) {
      expect(isKeepable(completion({}, reason), {})).toBe(false);
    }
    expect(isKeepable({ ...completion(), choices: [] }, {})).toBe(false);
  });

  it("calls tools only where that was asked for", () => {
    const calling = completion({ content: null, tool_calls: [CALL] }, "tool_calls");
    expect(isKeepable(calling, {})).toBe(false);
    expect(isKeepable(calling, { toolCalls: true })).toBe(true);
    expect(isKeepable(completion({ tool_calls: [CALL] }), {})).toBe(false);
  });
});

const chunkOf = (delta: object, logprobs: object | null = null, finish_reason: string | null = null) =>
  eventText(
    JSON.stringify({
      ...{ id: "c1", object: "chat.completion.chunk", created: 1, model: "m" },
      choices: [{ index: 0, delta, logprobs, finish_reason }],
    }),
  );

describe("a completion told as a stream", () => {
  it("comes back whole from its pieces", () => {
    for (const whole of [
      completion(),
      completion({ content: null, tool_calls: [CALL, { ...CALL, id: "call_2" }] }, "tool_calls"),
      completion({ content: "  two\n\nlines ", reasoning_content: "Because." }),
      {
        ...completion(),
        choices: [...completion().choices, { ...completion().choices[0], index: 1 }],
      } as ChatCompletion,
    ]) {
      const again = assembledCompletion(completionEvents(whole, true));
      expect(again?.usage).toEqual(whole.usage);
      const texts = (of: ChatCompletion | null) =>
        of?.choices.map(({ index, message, finish_reason }) => [
          index,
          message.content,
          message.tool_calls ?? [],
          message.reasoning_content ?? null,
          finish_reason,
        ]);
      expect(texts(again)).toEqual(texts(whole));
    }
  });

  it("keeps what was said beside its words", () => {
    const [choice] = completion().choices;
    const logprobs = { content: [{ token: "Twenty", logprob: -0.1, bytes: null, top_logprobs: [] }], refusal: null };
    const whole = { ...completion(), citations: ["https://example.com"], choices: [{ ...choice, logprobs }] };
    expect(assembledCompletion(completionEvents(whole as ChatCompletion, true))).toEqual(whole);
  });

  it("is told in time though it is white space alone", () => {
    const events = completionEvents(completion({ content: " ".repeat(200_000) }), false);
    expect(assembledCompletion(events)?.choices[0]?.message.content).toHaveLength(200_000);
  });

  it("tells usage only where it was asked for", () => {
    expect(completionEvents(completion(), false)).not.toContain("usage");
    expect(completionEvents(completion(), true)).toContain('"prompt_tokens":5');
  });

  it("joins the lists of its pieces", () => {
    const piece = (token: string) =>
      chunkOf({ content: token, reasoning_details: [{ text: token }] }, { content: [{ token, logprob: -1 }] });
    const [choice] =
      assembledCompletion([piece("Hel"), piece("lo"), chunkOf({}, null, "stop")].join(""))?.choices ?? [];
    expect(choice).toMatchObject({
      message: { content: "Hello", reasoning_details: [{ text: "Hel" }, { text: "lo" }] },
      logprobs: { content: [{ token: "Hel" }, { token: "lo" }] },
    });
  });

  it("is not put together from pieces of sound", () => {
    const pieces = [chunkOf({ audio: { id: "a", data: "AAAA" } }), chunkOf({ audio: { data: "BBBB" } })];
    expect(assembledCompletion([...pieces, chunkOf({}, null, "stop")].join(""))).toBeNull();
  });

  it("keeps log-probabilities where all pieces have the same", () => {
    const token = { token: "a", logprob: -1 };
    const piece = chunkOf({ content: "a" }, { content: [token] });
    const [choice] = assembledCompletion([piece, piece, piece, chunkOf({}, null, "stop")].join(""))?.choices ?? [];
    expect(choice).toMatchObject({ message: { content: "aaa" }, logprobs: { content: [token, token, token] } });
  });

  it("is not put together from more than a cache keeps", () => {
    const pieces = Array.from({ length: 110 }, () => chunkOf({ content: "x".repeat(10_000) }));
    expect(assembledCompletion([...pieces.slice(0, 90), chunkOf({}, null, "stop")].join(""))).not.toBeNull();
    expect(assembledCompletion([...pieces, chunkOf({}, null, "stop")].join(""))).toBeNull();
  });

  it.each([
    ["nothing", ""],
    ["an event that is not JSON", "data: {half\n\n"],
    ["an error", 'data: {"error":{"message":"no"}}\n\n'],
  ])("is not put together from %s", (_name, text) => {
    expect(assembledCompletion(text)).toBeNull();
  });
});
