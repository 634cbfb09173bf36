import fc from "fast-check";
import { expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { isWithin, payloadFault } from "../../../../domain/workflows/run/payload.ts";

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

it("a payload is refused for its depth before anything recurses into it", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels)) as Json;
  expect(payloadFault(nested(500), 262_144)).toBeNull();
  expect(payloadFault(nested(502), 262_144)).toBe("too-deep");
  expect(payloadFault(nested(100_000), 262_144)).toBe("too-deep");
  expect(payloadFault({ deep: [nested(100_000)] }, 262_144)).toBe("too-deep");
});

it("a payload that is only large is refused for its size", () => {
  expect(payloadFault("x".repeat(300), 301)).toBe("too-large");
  expect(payloadFault("x".repeat(300), 302)).toBeNull();
});
