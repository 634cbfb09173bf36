import { describe, expect, it } from "vitest";
import { hmacSecretDeriver } from "../../../adapters/secret-deriver/hmac.ts";

const key = (version: string, fill: number) => ({ version, bytes: new Uint8Array(32).fill(fill) });

describe("a derived secret", () => {
  it("is the same for the same purpose, and another for another", () => {
    const { derive } = hmacSecretDeriver([key("1", 1)]);
    expect(derive("a")).toEqual(derive("a"));
    expect(derive("a")).not.toEqual(derive("b"));
    expect(derive("a")[0]).toMatch(/^[\w-]{43}$/);
  });

  it("outlives a new master key, which is used for what is handed out from then on", () => {
    const [before] = hmacSecretDeriver([key("1", 1)]).derive("a");
    const after = hmacSecretDeriver([key("2", 2), key("1", 1)]).derive("a");
    expect(after).toHaveLength(2);
    expect(after[0]).not.toBe(before);
    expect(after[1]).toBe(before);
  });
});
