import { describe, expect, it } from "vitest";
import { scryptPasswordHasher, turns } from "../../adapters/password-hasher/scrypt.ts";

const pepper = (version: string, fill: number) => ({ version, bytes: new Uint8Array(32).fill(fill) });
const hasher = scryptPasswordHasher({ peppers: [pepper("1", 1)] });

describe("hashed passwords", () => {
  it("match the password they were made from and no other", async () => {
    const stored = await hasher.hash("correct horse");
    expect(await hasher.verify("correct horse", stored)).toEqual({ matches: true, needsRehash: false });
    expect(await hasher.verify("correct horsf", stored)).toEqual({ matches: false, needsRehash: false });
  });

  it("say how they were made, in the parameters that OWASP asks for", async () => {
    expect(await hasher.hash("x")).toMatch(/^\$scrypt\$ln=14,r=8,p=5,k=1\$[\w+/]{22}\$[\w+/]{43}$/);
  });

  it("differ for the same password", async () => {
    expect(await hasher.hash("same")).not.toBe(await hasher.hash("same"));
  });

  it("are worth nothing without the pepper, and survive its rotation", async () => {
    const stored = await hasher.hash("correct horse");
    const other = scryptPasswordHasher({ peppers: [pepper("1", 9)] });
    expect((await other.verify("correct horse", stored)).matches).toBe(false);
    const rotated = scryptPasswordHasher({ peppers: [pepper("2", 2), pepper("1", 1)] });
    expect(await rotated.verify("correct horse", stored)).toEqual({ matches: true, needsRehash: true });
  });

  it("of weaker parameters still match, and ask for a rehash", async () => {
    // Made with ln=4, so that the vector is cheap: `weak`, a zero salt, the pepper above.
    const { createHmac, scryptSync } = await import("node:crypto");
    const salt = Buffer.alloc(16);
    const key = scryptSync("weak", salt, 32, { N: 16, r: 8, p: 1 });
    const hash = createHmac("sha256", pepper("1", 1).bytes).update(key).digest("base64").replaceAll("=", "");
    const stored = `$scrypt$ln=4,r=8,p=1,k=1$${salt.toString("base64").replaceAll("=", "")}$${hash}`;
    expect(await hasher.verify("weak", stored)).toEqual({ matches: true, needsRehash: true });
  });

  it.each(["", "none", "$scrypt$", "$2b$10$abc"])("never match a record %j that is none", async (stored) => {
    expect(await hasher.verify("anything", stored)).toEqual({ matches: false, needsRehash: false });
  });
});

describe("turns", () => {
  it("let a few start at once, space the others and refuse those who would wait too long", async () => {
    const waits: number[] = [];
    const turn = turns(
      () => 1_000,
      async (ms) => {
        waits.push(ms);
      },
    );
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, turn));
    const started = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(started).toBe(4 + 80);
    expect(waits.slice(0, 2)).toEqual([125, 250]);
    expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  });
});
