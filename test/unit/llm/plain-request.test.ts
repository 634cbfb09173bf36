import fc from "fast-check";
import { expect, it } from "vitest";
import { ChatCompletionRequest } from "../../../domain/llm/chat-completion.ts";
import { isPlainRequest } from "../../../domain/llm/plain-request.ts";
import { nearlyPlain } from "../../support/nearly-plain.ts";

const odd = fc.constantFrom<unknown>(0, -1, 1.5, 3, "", {}, [], true, null, Number.MAX_VALUE, "x".repeat(300));
const shape = nearlyPlain(30, odd);

const role = fc.constantFrom("system", "user", "assistant", "developer", "tool", "function", "critic");
const rare = (value: unknown) => fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.constant(value));
const message = shape({ role, content: fc.string(), name: rare("n"), ["__proto__"]: rare({}) });
const request = shape({
  model: fc.string({ minLength: 1 }),
  messages: fc.array(message, { maxLength: 3 }),
  stream: fc.option(fc.boolean(), { nil: undefined }),
  stream_options: fc.option(shape({ include_usage: fc.boolean(), other: rare(1) }), { nil: undefined }),
  temperature: fc.option(fc.double({ min: 0, max: 2 }), { nil: undefined }),
  top_p: fc.option(fc.double({ min: 0, max: 1 }), { nil: undefined }),
  max_tokens: fc.option(fc.nat(9), { nil: undefined }),
  max_completion_tokens: fc.option(fc.nat(9), { nil: undefined }),
  user: fc.option(fc.string(), { nil: undefined }),
  seed: rare(1),
}).map((value) => JSON.parse(JSON.stringify(value)));

it("takes no request that the schema would not take as the same value", () => {
  let plain = 0;
  fc.assert(
    fc.property(request, (value) => {
      if (!isPlainRequest(value)) return;
      plain++;
      const judged = ChatCompletionRequest.safeParse(value);
      expect({ success: judged.success, data: judged.data }).toEqual({ success: true, data: value });
    }),
    { numRuns: 3_000 },
  );
  expect(plain).toBeGreaterThan(300);
});

it.each([
  ["what clients send most", '{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}', true],
  [
    "a member named like what every object has",
    '{"model":"m","messages":[{"role":"user","content":""}],"__proto__":1}',
    false,
  ],
  [
    "a member that the schema knows and we do not",
    '{"model":"m","messages":[{"role":"user","content":""}],"n":1}',
    false,
  ],
  ["no message", '{"model":"m","messages":[]}', false],
  ["no model", '{"messages":[{"role":"user","content":""}]}', false],
  ["something that is no object", "null", false],
])("%s: as it is, or left to the schema", (_name, text, plain) => {
  expect(isPlainRequest(JSON.parse(text))).toBe(plain);
});
