import fc from "fast-check";
import { expect, it } from "vitest";
import { ChatCompletion, ChatCompletionChunk } from "../../../domain/llm/chat-completion.ts";
import { readChunk, readCompletion } from "../../../domain/llm/plain-answer.ts";
import { nearlyPlain } from "../../support/nearly-plain.ts";

const text = fc.constantFrom("", "text", "assistant");
const odd = fc.constantFrom<unknown>(1.5, -1, {}, [], true, Number.MAX_VALUE, null);
const shape = nearlyPlain(20, odd);

const count = fc.nat(9);
const usage = shape({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: fc.option(shape({ cached_tokens: count, cache_write_tokens: fc.option(count), audio: text })),
  completion_tokens_details: fc.option(shape({ reasoning_tokens: fc.option(count) })),
});
const calls = fc.array(shape({ index: count, id: text, type: text, function: shape({ name: text, arguments: text }) }));
const said = shape({
  role: text,
  content: fc.option(text),
  refusal: fc.option(text),
  reasoning_content: text,
  tool_calls: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: calls }),
});
const answer = (object: string) =>
  shape({
    id: text,
    object: fc.constant(object),
    created: count,
    model: text,
    choices: fc.array(shape({ index: count, message: said, delta: said, finish_reason: fc.option(text) }), {
      maxLength: 2,
    }),
    usage: fc.option(usage),
    system_fingerprint: fc.option(text),
  }).map((value) => JSON.parse(JSON.stringify(value)));

it.each([
  ["a whole answer", "chat.completion", readCompletion, ChatCompletion],
  ["a piece of a stream", "chat.completion.chunk", readChunk, ChatCompletionChunk],
] as const)("%s is read as its schema reads it", (_name, object, read, schema) => {
  let accepted = 0;
  fc.assert(
    fc.property(answer(object), (value) => {
      const judged = schema.safeParse(value);
      const { success, data } = read(value);
      expect({ success, data }).toEqual({ success: judged.success, data: judged.data });
      if (success) accepted++;
    }),
    { numRuns: 2_000 },
  );
  // Both verdicts were seen often.
  expect(accepted).toBeGreaterThan(200);
  expect(accepted).toBeLessThan(1_800);
});
