import { describe, expect, it } from "vitest";
import { NO_CONTEXT } from "../../../adapters/chat-model/extracted-answer.ts";
import { localModels } from "../../../adapters/chat-model/local.ts";
import { promptOf } from "../../../adapters/chat-model/prompt-passages.ts";
import { NOT_IN_SOURCES } from "../../../domain/knowledge/answering/prompt.ts";
import type { ChatMessage } from "../../../domain/llm/chat-completion.ts";
import { eventStreamParser } from "../../../domain/llm/event-stream.ts";

const { chat, embedding } = localModels({ clock: { now: () => 1_750_000_000_000 } });
const HANDBOOK = [
  "[1] Employees have 28 days of paid vacation each year. Unused days expire in March.",
  "[2] Parental leave is paid for 14 weeks. The parent tells their manager eight weeks before.",
  "[3] The office is open from seven to nineteen.",
].join("\n\n");
const system = (content: string): ChatMessage => ({ role: "system", content });
const user = (content: string): ChatMessage => ({ role: "user", content });

async function answer(messages: ChatMessage[], more: object = {}): Promise<string | null | undefined> {
  const completion = await chat.complete({ model: "extractive", messages, ...more }, {});
  return completion.choices[0]?.message.content;
}

describe("local/extractive", () => {
  it("answers with a sentence of the context, word for word and cited", async () => {
    expect(await answer([system(HANDBOOK), user("How long is parental leave paid?")])).toBe(
      "Parental leave is paid for 14 weeks. [2]",
    );
  });

  it("takes context and question out of one message", async () => {
    const text = `Context:\n\n${HANDBOOK}\n\nQuestion: When is the office open?`;
    expect(await answer([user(text)])).toBe("The office is open from seven to nineteen. [3]");
  });

  it("takes what stands before a labelled context for instructions", async () => {
    const instructions = system("Answer from the context. Say how long parental leave is paid.\nBe brief.");
    const text = "Answer in English.\nContext: Parental leave is paid for 14 weeks.\nQuestion: How long is it paid?";
    expect(await answer([instructions, user(text)])).toBe("Parental leave is paid for 14 weeks. [1]");
  });

  it("numbers paragraphs that carry no number", async () => {
    const context = "Bees make honey.\n\nBears sleep through the winter.";
    expect(await answer([system(context), user("When do bears sleep?")])).toBe("Bears sleep through the winter. [2]");
  });

  it("says so when the context does not hold the answer", async () => {
    expect(await answer([system(HANDBOOK), user("Who won the chess tournament in Reykjavik?")])).toBe(NOT_IN_SOURCES);
  });

  it("says so when there is no context", async () => {
    expect(await answer([user("How long is parental leave?")])).toBe(NO_CONTEXT);
  });

  it("does not quote what an assistant said before", async () => {
    const messages: ChatMessage[] = [{ role: "assistant", content: "Parental leave is 99 weeks." }];
    expect(await answer([...messages, user("How long is parental leave?")])).toBe(NO_CONTEXT);
  });

  it("stops at the token limit and says so", async () => {
    const request = { model: "extractive", messages: [system(HANDBOOK), user("How long is parental leave paid?")] };
    const completion = await chat.complete({ ...request, max_completion_tokens: 3 }, {});
    expect(completion.choices[0]).toMatchObject({ message: { content: "Parental" }, finish_reason: "length" });
  });

  it("stops before a stop sequence, and answers as often as it is asked to", async () => {
    const request = { model: "extractive", messages: [system(HANDBOOK), user("How long is parental leave paid?")] };
    expect(await answer(request.messages, { stop: ["absent", " paid"] })).toBe("Parental leave is");
    expect(await answer(request.messages, { stop: "" })).toBe("Parental leave is paid for 14 weeks. [2]");
    const one = await chat.complete(request, {});
    const three = await chat.complete({ ...request, n: 3 }, {});
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(three.usage?.completion_tokens).toBe(3 * (one.usage?.completion_tokens ?? 0));
    const text = await new Response(await chat.stream({ ...request, n: 2 }, {})).text();
    const chunks = eventStreamParser().push(text).slice(0, -1);
    const said = (index: number) =>
      chunks.flatMap((event) => JSON.parse(event).choices).filter((choice) => choice.index === index);
    expect(
      said(1)
        .map(({ delta }) => delta.content ?? "")
        .join(""),
    ).toBe(one.choices[0]?.message.content);
    expect(said(1).at(-1).finish_reason).toBe("stop");
  });

  it("streams exactly what it answers whole, then usage, then the end mark", async () => {
    const request = { model: "extractive", messages: [system(HANDBOOK), user("How long is parental leave paid?")] };
    const whole = await chat.complete(request, {});
    const text = await new Response(await chat.stream(request, {})).text();
    const events = eventStreamParser().push(text);
    expect(events.at(-1)).toBe("[DONE]");
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event));
    expect(chunks[0].choices[0].delta).toEqual({ role: "assistant", content: "" });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.at(-2).choices[0].finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
  });

  it("knows no other model", async () => {
    await expect(chat.complete({ model: "gpt-5", messages: [user("hello")] }, {})).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("local/hash-embed", () => {
  it("gives one unit vector to each text, the same every time", async () => {
    const request = { model: "hash-embed", input: ["parental leave", "office hours"] };
    const first = await embedding.embed(request, {});
    const second = await embedding.embed(request, {});
    expect(first.vectors).toEqual(second.vectors);
    expect(first.vectors.map((vector) => vector.length)).toEqual([384, 384]);
    expect(Math.hypot(...(first.vectors[0] ?? []))).toBeCloseTo(1, 5);
  });

  it("refuses token ids, having no tokens", async () => {
    await expect(embedding.embed({ model: "hash-embed", input: [[1, 2]] }, {})).rejects.toMatchObject({
      code: "validation-failed",
    });
  });
});

describe("reading a prompt", () => {
  it("leaves instructions before numbered sources out of the context", () => {
    const { sources } = promptOf([system("Answer briefly.\n\n[1] Bees make honey."), user("What do bees make?")]);
    expect(sources).toEqual([{ marker: 1, text: "Bees make honey." }]);
  });

  it("gives a second paragraph of a source the number of the source", () => {
    const { sources } = promptOf([system("[4] First.\n\nSecond."), user("What?")]);
    expect(sources).toEqual([
      { marker: 4, text: "First." },
      { marker: 4, text: "Second." },
    ]);
  });

  it("reads content parts", () => {
    const content = [
      { type: "text", text: "[1] Bees make honey." },
      { type: "text", text: "Question: What do bees make?" },
    ];
    expect(promptOf([{ role: "user", content }])).toEqual({
      question: "What do bees make?",
      sources: [{ marker: 1, text: "Bees make honey." }],
    });
  });

  it("survives a conversation without a question", () => {
    expect(promptOf([system("Bees make honey.")])).toEqual({
      question: "",
      sources: [{ marker: 1, text: "Bees make honey." }],
    });
  });
});
