import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { applyResultPath, parseReferencePath } from "../../../../domain/workflows/expression/reference-path.ts";

function place(input: Json, text: string, value: Json): Json {
  const path = parseReferencePath(text);
  if (path === null) throw new Error(`not a reference path: ${text}`);
  return applyResultPath(input, path, value);
}

describe("a result path", () => {
  it("replaces the input with $", () => {
    expect(place({ a: 1 }, "$", 2)).toBe(2);
  });

  it("adds to the input and creates the objects on the way", () => {
    expect(place({ a: 1 }, "$.b.c['d e']", 2)).toEqual({ a: 1, b: { c: { "d e": 2 } } });
  });

  it("replaces an item of an array", () => {
    expect(place({ l: [1, { x: 2 }] }, "$.l[1].x", 3)).toEqual({ l: [1, { x: 3 }] });
  });

  it("leaves the input as it was", () => {
    const input = { a: { b: [1] } };
    place(input, "$.a.b[0]", 2);
    expect(input).toEqual({ a: { b: [1] } });
  });

  it("adds a member called __proto__ without changing a prototype", () => {
    const placed = place({}, "$.__proto__.polluted", true);
    expect(JSON.stringify(placed)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each<[Json, string]>([
    [1, "$.a"],
    [{ a: "text" }, "$.a.b"],
    [{ l: [1] }, "$.l[1]"],
    [{ l: {} }, "$.l[0]"],
    [{ l: [1] }, "$.l.name"],
    [null, "$.a"],
  ])("fails with ResultPathMatchFailure in %j at %s", (input, text) => {
    expect(() => place(input, text, 1)).toThrow(/^States\.ResultPathMatchFailure/);
  });

  it.each(["$.a[*]", "$..a", "$.a[-1]", "$$.a", "$v", "$.a[0:1]", "a", "$.a[?(@.b)]"])("cannot be %s", (text) => {
    expect(parseReferencePath(text)).toBeNull();
  });
});
