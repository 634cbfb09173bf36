import { describe, expect, it } from "vitest";
import { newRecoveryCode, plainRecoveryCode } from "../../../domain/identity/second-factor.ts";
import { base32, codeAt, matchingStep, otpauthUrl, stepAt } from "../../../domain/identity/totp.ts";

const secret = new TextEncoder().encode("12345678901234567890");

describe("a one-time code", () => {
  // RFC 6238 appendix B, SHA-1, the last six of its eight digits.
  it.each([
    [59, "287082"],
    [1111111109, "081804"],
    [1111111111, "050471"],
    [1234567890, "005924"],
    [2000000000, "279037"],
    [20000000000, "353130"],
  ])("at %i seconds is the standard's", (seconds, code) => {
    expect(codeAt(secret, stepAt(seconds * 1000))).toBe(code);
  });

  it("of the step before and after is taken, further ones are not", () => {
    const now = 1_000_000_000_000;
    const present = stepAt(now);
    const matches = [-2, -1, 0, 1, 2].map((drift) => matchingStep(secret, codeAt(secret, present + drift), now, 0));
    expect(matches).toEqual([null, present - 1, present, present + 1, null]);
  });

  it("is not taken at or before the last step that was", () => {
    const now = 1_000_000_000_000;
    const present = stepAt(now);
    expect(matchingStep(secret, codeAt(secret, present), now, present)).toBeNull();
    expect(matchingStep(secret, codeAt(secret, present - 1), now, present)).toBeNull();
    expect(matchingStep(secret, codeAt(secret, present + 1), now, present)).toBe(present + 1);
  });
});

it.each([
  ["", ""],
  ["f", "MY"],
  ["fo", "MZXQ"],
  ["foo", "MZXW6"],
  ["foob", "MZXW6YQ"],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI"],
])("base 32 of %j is the standard's without padding", (text, encoded) => {
  expect(base32(new TextEncoder().encode(text))).toBe(encoded);
});

it("the address for apps names issuer and account", () => {
  expect(otpauthUrl(secret, "Weft", "ada@example.com")).toBe(
    "otpauth://totp/Weft:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Weft&algorithm=SHA1&digits=6&period=30",
  );
});

it("a recovery code is 16 characters in groups, and is read with or without them", () => {
  const code = newRecoveryCode((count) => crypto.getRandomValues(new Uint8Array(count)));
  expect(code).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
  expect(plainRecoveryCode(` ${code.toUpperCase().replace("-", " ")}`)).toBe(code.replaceAll("-", ""));
});
