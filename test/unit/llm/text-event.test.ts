import fc from "fast-check";
import { expect, it } from "vitest";
import type { JsonObject } from "../../../domain/kernel/json.ts";
import { textEventReader } from "../../../domain/llm/text-event.ts";

const words = fc.constantFrom("", "a", "word ", "né😀", 'q"', "\\", "\n", "content", '"content":"x"', ".");
const rare = <T>(usual: T, ...odd: unknown[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
const choice = fc.record(
  {
    index: rare(0, 1, "0"),
    delta: fc.record(
      {
        role: fc.constant("assistant"),
        content: fc.oneof({ weight: 9, arbitrary: words }, { weight: 1, arbitrary: fc.constant(null) }),
        reasoning_content: words,
        refusal: rare(null, "no"),
        tool_calls: rare(null, [{ index: 0, function: { arguments: "content" } }]),
      },
      { requiredKeys: ["content"] },
    ),
    logprobs: rare(null, { content: [{ content: "x" }] }),
    finish_reason: rare(null, "stop"),
  },
  { requiredKeys: ["index", "delta"] },
);
const event = fc.record(
  {
    content: words,
    id: fc.constantFrom("c1", '"content":"'),
    choices: fc.oneof({ weight: 9, arbitrary: fc.tuple(choice) }, { weight: 1, arbitrary: fc.array(choice) }),
    usage: rare(null, { prompt_tokens: 1 }),
    error: rare(null, { message: "no" }, "no"),
    obfuscation: words,
  },
  { requiredKeys: ["choices"] },
);
/** Two shapes of events in turns, with other words each time; now and then one that is torn. */
const streams = fc
  .tuple(
    fc.tuple(event, event),
    fc.boolean(),
    fc.array(fc.tuple(fc.nat(1), words, words, rare("", " ", "}", "x")), { minLength: 2, maxLength: 12 }),
  )
  .map(([shapes, isWide, said]) =>
    said.map(([which, content, padding, tail]) => {
      const { choices, ...more } = shapes[which] ?? shapes[0];
      const told = choices.map((one) => ({ ...one, delta: { ...one.delta, content: one.delta.content && content } }));
      const value = { ...more, ...(more.obfuscation && { obfuscation: padding }), choices: told };
      return `${isWide ? JSON.stringify(value, null, 1).replaceAll("\n", "") : JSON.stringify(value)}${tail}`;
    }),
  );

/** What parsing an event gives, where it says words of one choice and nothing else. */
function parsedWords(data: string): object | null {
  const { choices, usage, error } = JSON.parse(data);
  const [{ index, delta, finish_reason: reason }] = choices;
  if (choices.length !== 1 || (usage ?? error ?? reason ?? null) !== null) return null;
  const { role: _, ...said } = delta;
  return { index, said: Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) };
}

it("reads from an event like a parsed one what parsing would give", () => {
  let read = 0;
  fc.assert(
    fc.property(streams, (stream) => {
      const reader = textEventReader();
      for (const data of stream) {
        const found = reader.read(data);
        if (found !== null) {
          read += 1;
          const said = Object.fromEntries(found.names.map((name, i) => [name, found.texts[i]]));
          expect({ index: found.index, said }).toEqual(parsedWords(data));
        }
        try {
          reader.learn(data, JSON.parse(data) as JsonObject);
        } catch {}
      }
    }),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(200);
});

it("parses one event of many that are alike, and each that is not", () => {
  const reader = textEventReader();
  const said = (content: string, more = {}) =>
    JSON.stringify({
      id: "c1",
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
      usage: null,
      ...more,
    });
  expect(reader.read(said("a"))).toBeNull();
  reader.learn(said("a"), JSON.parse(said("a")));
  expect(reader.read(said("two words"))).toEqual({ index: 0, names: ["content"], texts: ["two words"] });
  for (const other of [
    said('"'),
    said("a", { usage: {} }),
    said("a", { id: "c2" }),
    `${said("a")}}`,
    said("a").slice(0, -1),
  ]) {
    expect(reader.read(other)).toBeNull();
  }
});
