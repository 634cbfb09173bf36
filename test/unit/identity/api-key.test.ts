import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32, isApiKeyForm, newApiKey, scopesBeyond, shownParts } from "../../../domain/identity/api-key.ts";

const chance = (count: number) => crypto.getRandomValues(new Uint8Array(count));

describe("the form of an API key", () => {
  it("has a checksum that any change of one character breaks", () => {
    const characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 45 }), fc.integer({ min: 1, max: 61 }), (at, shift) => {
        const key = newApiKey(chance);
        const other = characters[(characters.indexOf(key.charAt(at)) + shift) % 62];
        expect(isApiKeyForm(key)).toBe(true);
        expect(isApiKeyForm(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
      }),
    );
  });

  it("uses the CRC-32 of IEEE 802.3", () => {
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(crc32("")).toBe(0);
  });

  it("draws bytes again that would favour some characters", () => {
    const draws = [new Uint8Array(30).fill(255), new Uint8Array(30).fill(61)];
    expect(newApiKey(() => draws.shift() ?? new Uint8Array(30))).toMatch(/^weft_live_z{30}/);
  });

  it("shows only how a key begins and ends", () => {
    const key = newApiKey(chance);
    expect(shownParts(key)).toEqual({ prefix: key.slice(0, 14), lastFour: key.slice(-4) });
  });

  it.each([
    "",
    "weft_live_",
    "weft_test_x",
    `weft_live_${"é".repeat(36)}`,
    `${newApiKey(chance)}\n`,
    ` ${newApiKey(chance)}`,
  ])("refuses %j", (text) => {
    expect(isApiKeyForm(text)).toBe(false);
  });
});

describe("scopes that may be handed on", () => {
  const user = (role: "viewer" | "admin" | "owner") => ({ kind: "user", userId: "u", sessionId: "s", role }) as const;
  const key = (scopes: ("*" | "runs:read")[]) =>
    ({ kind: "api-key", keyId: "k", createdBy: "u", role: "owner", scopes }) as const;

  it("end at the role of a member", () => {
    expect(scopesBeyond(user("admin"), ["runs:read", "keys:write", "*"])).toEqual(["*"]);
    expect(scopesBeyond(user("viewer"), ["runs:read", "runs:write"])).toEqual(["runs:write"]);
    expect(scopesBeyond(user("owner"), ["*"])).toEqual([]);
  });

  it("end at the scopes of a key", () => {
    expect(scopesBeyond(key(["runs:read"]), ["runs:read", "runs:write", "*"])).toEqual(["runs:write", "*"]);
    expect(scopesBeyond(key(["*"]), ["*", "runs:write"])).toEqual([]);
  });
});
