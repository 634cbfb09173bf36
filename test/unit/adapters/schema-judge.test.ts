import { describe, expect, it } from "vitest";
import { cfworkerSchemaJudge } from "../../../adapters/json-schema/cfworker.ts";

const judge = cfworkerSchemaJudge();

describe("a schema", () => {
  it("judges values, and names what is wrong innermost", () => {
    const schema = { type: "object", properties: { a: { type: "array", items: { type: "integer" } } } };
    expect(judge.unusable(schema)).toBeNull();
    expect(judge.faults(schema, { a: [1, 2] })).toEqual([]);
    expect(judge.faults(schema, { a: [1, "x"] })).toEqual([expect.stringMatching(/^#\/a\/1: /)]);
  });

  it.each([
    ["refers to nothing", { $ref: "#/$defs/none" }],
    ["refers elsewhere", { properties: { a: { $ref: "https://example.com/schema" } } }],
    ["has a pattern that is none", { pattern: "(" }],
    ["has a pattern that is none for names", { patternProperties: { "[": {} } }],
    ["has a pattern whose steps are not counted", { pattern: "^\\p{L}+$" }],
    ["looks behind", { pattern: "(?<=a)b" }],
  ])("that %s is unusable, and a fault of every value", (_name, schema) => {
    expect(judge.unusable(schema)).toEqual(expect.any(String));
    expect(judge.faults(schema, { a: "b" })).toHaveLength(1);
  });

  it("that refers to itself without end is a fault", () => {
    expect(judge.faults({ $ref: "#" }, 1)).toEqual([expect.stringContaining("never")]);
    const tree = { type: "object", properties: { left: { $ref: "#" } } };
    expect(judge.faults(tree, { left: { left: {} } })).toEqual([]);
  });
});

describe("the work of a schema", () => {
  const doubled = (ref: string) => ({ allOf: [{ $ref: ref }, { $ref: ref }] });
  const levels = (last: object) =>
    Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`d${n}`, n === 39 ? last : doubled(`#/$defs/d${n + 1}`)]));
  const nested = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`);

  it.each<[string, object, unknown]>([
    ["references that double", { ...doubled("#/$defs/d0"), $defs: levels({ type: "integer" }) }, 1],
    ["references that double and fail", { ...doubled("#/$defs/d0"), $defs: levels({ type: "string" }) }, 1],
    ["references to itself that double", { properties: { a: doubled("#") } }, nested],
    [
      "recursive references that double",
      { $recursiveAnchor: true, properties: { a: { anyOf: [{ $recursiveRef: "#" }, { $recursiveRef: "#" }] } } },
      nested,
    ],
    [
      "many parts on many items",
      {
        items: {
          allOf: Array(1_000)
            .fill({})
            .map(() => ({ minimum: 0 })),
        },
      },
      Array(1_000).fill(1),
    ],
  ])("is bounded: %s", (_name, schema, value) => {
    expect(judge.faults({ ...schema }, value)).toEqual([expect.stringContaining("too many steps")]);
  });

  it("is bounded where items must differ", () => {
    const numbers = Array.from({ length: 30_000 }, (_, n) => n);
    expect(judge.faults({ uniqueItems: true }, numbers)).toEqual([expect.stringContaining("too long")]);
    expect(judge.faults({ uniqueItems: true }, numbers.slice(0, 1_000))).toEqual([]);
    expect(judge.faults({ uniqueItems: true }, [1, 1])).toHaveLength(1);
  });

  it("is small where much is wrong", () => {
    const rows = Array.from({ length: 40_000 }, () => ({ n: "x" }));
    const schema = { items: { properties: { n: { type: "integer" } } } };
    expect(judge.faults(schema, rows)).toHaveLength(5);
  });

  it("is counted anew for each value, and changes nothing of the schema's text", () => {
    const schema = {
      items: { allOf: [{ type: "integer" }, { $ref: "#/$defs/small" }] },
      $defs: { small: { maximum: 9 } },
    };
    const before = JSON.stringify(schema);
    for (let n = 0; n < 20; n++) expect(judge.faults(schema, Array(5_000).fill(1))).toEqual([]);
    expect(JSON.stringify(schema)).toBe(before);
  });
});

describe("a pattern", () => {
  it("judges texts and names", () => {
    const schema = { patternProperties: { "^n_": { pattern: "^[a-z]{2,4}$" } } };
    expect(judge.faults(schema, { n_a: "abc", other: "ABC" })).toEqual([]);
    expect(judge.faults(schema, { n_a: "ABC" })).toHaveLength(1);
  });

  it.each(["^(a+)+$", "^(a|a)*$", "a*a*a*a*a*a*a*a*b"])("cannot hold up the judge: %s", (pattern) => {
    const text = `${"a".repeat(200)}!`;
    expect(judge.faults({ properties: { a: { pattern } } }, { a: text })).toEqual([
      expect.stringContaining("too long"),
    ]);
    expect(judge.faults({ patternProperties: { [pattern]: {} } }, { [text]: 1 })).toEqual([
      expect.stringContaining("too long"),
    ]);
  });

  it("is quick on a long answer", () => {
    const rows = Array.from({ length: 500 }, (_, n) => ({ id: `row-${n}`, day: "2026-11-29" }));
    const properties = { id: { pattern: "^row-\\d+$" }, day: { pattern: "^\\d{4}-\\d\\d-\\d\\d$" } };
    expect(judge.faults({ items: { properties } }, rows)).toEqual([]);
  });
});
