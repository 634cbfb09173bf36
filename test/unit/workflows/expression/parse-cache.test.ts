import { describe, expect, it } from "vitest";
import { ParseCache } from "../../../../domain/workflows/expression/parse-cache.ts";

describe("a parse cache", () => {
  it("keeps what fits, null included", () => {
    const cache = new ParseCache<number | null>();
    cache.set("a", 1);
    cache.set("b", null);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, null, undefined]);
  });

  it("lets the oldest go when the texts come to too much", () => {
    const cache = new ParseCache<number>();
    for (let i = 0; i < 100; i += 1) cache.set(`${i}`.padEnd(10_000, "x"), i);
    expect(cache.get("0".padEnd(10_000, "x"))).toBeUndefined();
    expect(cache.get("99".padEnd(10_000, "x"))).toBe(99);
  });

  it("does not give its room to one long text", () => {
    const cache = new ParseCache<number>();
    cache.set("short", 1);
    cache.set("x".repeat(100_000), 2);
    expect([cache.get("short"), cache.get("x".repeat(100_000))]).toEqual([1, undefined]);
  });
});
