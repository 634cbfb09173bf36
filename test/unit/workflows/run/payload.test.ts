import fc from "fast-check";
import { expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { isWithin } from "../../../../domain/workflows/run/payload.ts";

it("a payload is measured by the bytes of its JSON text in UTF-8", () => {
  expect(isWithin("é", 4)).toBe(true);
  expect(isWithin("é", 3)).toBe(false);
  expect(isWithin({ a: "x".repeat(100) }, 108)).toBe(true);
  expect(isWithin({ a: "x".repeat(100) }, 107)).toBe(false);
});

it("the quick estimate never lets a payload pass that is too large", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(200), (value, limit) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
      expect(isWithin(value as Json, limit)).toBe(bytes <= limit);
    }),
  );
});
