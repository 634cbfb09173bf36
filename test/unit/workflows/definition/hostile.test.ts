import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import { parseDefinition } from "../../../../domain/workflows/definition/parse.ts";

// D2 of parse.ts: any input ends in an answer. A test that would hang or overflow fails by the runner's own limits.

function chain(length: number): JsonObject {
  const states: JsonObject = {};
  for (let i = 0; i < length; i += 1) {
    states[`s${i}`] = i === length - 1 ? { Type: "Pass", End: true } : { Type: "Pass", Next: `s${i + 1}` };
  }
  return { StartAt: "s0", States: states };
}

function refused(source: string | Json): boolean {
  const { machine, diagnostics } = parseDefinition(source);
  expect(machine === null).toBe(diagnostics.some(({ severity }) => severity === "ERROR"));
  expect(diagnostics.length).toBeLessThanOrEqual(100);
  return machine === null;
}

describe("a hostile definition", () => {
  it("may have ten thousand states", () => {
    expect(refused(chain(10_000))).toBe(false);
  });

  it("gets at most a hundred diagnostics for ten thousand mistakes", () => {
    const states = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`s${i}`, { Type: "Nope", x: 1, y: 2 }]),
    );
    expect(refused({ StartAt: "s0", States: states })).toBe(true);
    const manyFields = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, 1]));
    expect(refused({ StartAt: "s", States: { s: { Type: "Pass", End: true, ...manyFields } } })).toBe(true);
  });

  it("is refused beyond a megabyte, counted in bytes", () => {
    expect(refused(JSON.stringify({ ...chain(1), Comment: "x".repeat(1_048_577) }))).toBe(true);
    expect(refused(JSON.stringify({ ...chain(1), Comment: "é".repeat(600_000) }))).toBe(true);
    expect(refused(JSON.stringify({ ...chain(1), Comment: "x".repeat(1_000_000) }))).toBe(false);
  });

  it("is refused when it is nested beyond use, as text and as a value", () => {
    expect(refused("[".repeat(500_000))).toBe(true);
    expect(refused("[".repeat(400_000) + "]".repeat(400_000))).toBe(true);
    expect(refused(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)).toBe(true);
    let deep: Json = 1;
    for (let i = 0; i < 100_000; i += 1) deep = { a: deep };
    expect(refused({ ...chain(1), Comment: deep })).toBe(true);
  });

  it("may hold long texts in every field that is parsed", () => {
    const long = "a".repeat(200_000);
    const pass = (fields: JsonObject) => ({ StartAt: "s", States: { s: { Type: "Pass", End: true, ...fields } } });
    expect(refused(pass({ InputPath: `$.${long}` }))).toBe(true);
    expect(refused(pass({ InputPath: `$${"[".repeat(200_000)}` }))).toBe(true);
    expect(refused(pass({ Parameters: { "a.$": `States.Format('${long}')` } }))).toBe(true);
    expect(refused(pass({ Parameters: { "a.$": "States.Array(".repeat(20_000) } }))).toBe(true);
    expect(refused(pass({ QueryLanguage: "JSONata", Output: `{% ${long} %}` }))).toBe(true);
    expect(refused(pass({ QueryLanguage: "JSONata", Output: `{% ${"(".repeat(60_000)} %}` }))).toBe(true);
    expect(refused(pass({ QueryLanguage: "JSONata", Output: `{%${" ".repeat(200_000)}` }))).toBe(true);
    expect(refused(pass({ Result: long }))).toBe(false);
  });

  it("is refused with more expressions than can be parsed in one request", () => {
    const output = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `{% $x + ${i} %}`]));
    expect(
      refused({ StartAt: "s", States: { s: { Type: "Pass", QueryLanguage: "JSONata", Output: output, End: true } } }),
    ).toBe(true);
  }, 20_000);

  it("cannot reach the prototypes of objects", () => {
    const text = '{"StartAt":"__proto__","States":{"__proto__":{"Type":"Pass","Assign":{"constructor":1},"End":true}}}';
    const { machine } = parseDefinition(text);
    expect(machine?.states.get("__proto__")).toMatchObject({ type: "Pass" });
    expect(refused('{"StartAt":"constructor","States":{"a":{"Type":"Pass","End":true}}}')).toBe(true);
    expect(refused({ StartAt: "s", States: { s: { Type: "toString", End: true } } })).toBe(true);
  });

  it("is answered whatever it is made of", () => {
    const word = fc.constantFrom(
      "Type",
      "Pass",
      "Map",
      "Choice",
      "Task",
      "States",
      "StartAt",
      "Next",
      "End",
      "Choices",
      "Retry",
    );
    const field = fc.oneof(
      word,
      fc.constantFrom("ItemProcessor", "Branches", "Parameters", "Output", "x.$", "{% $x %}", "$.a"),
    );
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.oneof(field, fc.boolean(), fc.integer(), fc.constant(null)),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(field, tie("tree"), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (json) => {
        refused(json);
        refused(JSON.stringify(json).slice(0, -1));
      }),
      { numRuns: 300 },
    );
  });
});
