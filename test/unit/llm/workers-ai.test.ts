import { describe, expect, it } from "vitest";
import { WORKERS_AI_PROVIDER, workersAi } from "../../../adapters/chat-model/workers-ai.ts";
import { eventStreamParser } from "../../../domain/llm/event-stream.ts";

const model = "@cf/meta/llama-x";
const request = { model, messages: [{ role: "user" as const, content: "hi" }] };
const clock = { now: () => 5_000 };

function answering(answer: unknown, seen: Record<string, unknown>[] = []) {
  const run = async (name: string, input: Record<string, unknown>): Promise<unknown> => {
    seen.push({ name, ...input });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return workersAi({ run }, clock, { ...WORKERS_AI_PROVIDER, timeoutMs: 50 });
}

const streamOf = (text: string) => new Response(text).body;

describe("Workers AI", () => {
  it("is asked with what its models know, and answers in OpenAI's form", async () => {
    const seen: Record<string, unknown>[] = [];
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const calls = [{ name: "weather", arguments: { city: "Oslo" } }];
    const { chat } = answering({ response: "Hello.", tool_calls: calls, usage }, seen);
    const answer = await chat.complete({ ...request, max_completion_tokens: 9, user: "u" }, {});
    expect(seen).toEqual([{ name: model, messages: request.messages, max_tokens: 9 }]);
    expect(answer).toMatchObject({
      usage,
      choices: [
        {
          message: { content: "Hello.", tool_calls: [{ function: { name: "weather", arguments: '{"city":"Oslo"}' } }] },
          finish_reason: "tool_calls",
        },
      ],
    });
  });

  it("streams its own events as OpenAI's", async () => {
    const text = 'data: {"response":"Hel"}\n\ndata: {"response":"lo"}\n\ndata: [DONE]\n\n';
    const stream = await answering(streamOf(text)).chat.stream(request, {});
    const list = eventStreamParser().push(await new Response(stream).text());
    expect(list.pop()).toBe("[DONE]");
    const chunks = list.map((event) => JSON.parse(event));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("Hello");
    expect(chunks.at(-1).choices[0].finish_reason).toBe("stop");
  });

  it("passes the chunks of models that speak OpenAI's form", async () => {
    const text = 'data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n';
    const stream = await answering(streamOf(text)).chat.stream(request, {});
    expect(await new Response(stream).text()).toBe(text);
  });

  it("embeds texts in their order", async () => {
    const { embedding } = answering({
      shape: [2, 2],
      data: [
        [1, 0],
        [0, 1],
      ],
    });
    const { vectors } = await embedding.embed({ model: "@cf/baai/bge-m3", input: ["a", "b"] }, {});
    expect(vectors.map((vector) => Array.from(vector))).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it.each([
    ["is short of capacity", new Error("3040: Capacity temporarily exceeded"), "provider-failed"],
    ["refuses the input", new Error("5006: Error: required properties missing"), "provider-refused"],
    ["breaks", new Error("network"), "provider-failed"],
    ["answers nothing", null, "provider-failed"],
    ["is silent", new Promise(() => {}), "provider-timeout"],
  ])("is a problem when it %s", async (_name, answer, code) => {
    const failure = await answering(answer)
      .chat.complete(request, {})
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
  });
});
