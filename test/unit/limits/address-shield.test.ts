import { describe, expect, it } from "vitest";
import { addressShield } from "../../../adapters/address-shield/address-shield.ts";
import { inMemoryShield } from "../../../adapters/address-shield/in-memory.ts";

/** The network's limiter, that lets `limit` calls of a key through. */
function limiterOf(limit: number) {
  const seen = new Map<string, number>();
  return {
    seen,
    async limit({ key }: { key: string }) {
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return { success: (seen.get(key) ?? 0) <= limit };
    },
  };
}

describe("the shield of addresses", () => {
  it("asks the network's limiter by the caller's part of the address", async () => {
    const limiter = limiterOf(1);
    const shield = addressShield({ perMinute: null, limiter });
    expect(await shield.refusal("2001:db8:1:2::1", 0)).toBeNull();
    expect(await shield.refusal("2001:db8:1:2::2", 0)).toEqual({ retryAfterMs: 60_000 });
    expect(await shield.refusal("203.0.113.7", 0)).toBeNull();
    expect([...limiter.seen.keys()]).toEqual(["2001:db8:1:2", "203.0.113.7"]);
  });

  it("counts exactly what configuration asks for, by address", async () => {
    const limiter = limiterOf(0);
    const shield = addressShield({ perMinute: 30, limiter });
    const answers = await Promise.all(Array.from({ length: 50 }, () => shield.refusal("203.0.113.7", 1_000)));
    expect(answers.filter((answer) => answer === null)).toHaveLength(30);
    expect(answers.at(-1)).toEqual({ retryAfterMs: 2_000 });
    expect(await shield.refusal("203.0.113.7", 3_000)).toBeNull();
    expect(await shield.refusal("203.0.113.8", 1_000)).toBeNull();
    expect(limiter.seen.size).toBe(0);
  });

  it("puts callers without an address and this machine's own into one bucket", async () => {
    const shield = addressShield({ perMinute: 3, limiter: limiterOf(0) });
    for (const address of ["", "127.0.0.1", "::1"]) expect(await shield.refusal(address, 0)).toBeNull();
    expect(await shield.refusal("127.0.0.1", 0)).not.toBeNull();
  });

  it("is generous with that bucket unless configuration says otherwise", async () => {
    const limiter = limiterOf(0);
    const shield = addressShield({ perMinute: null, limiter });
    for (let i = 0; i < 20_000; i++) expect(await shield.refusal("", 0)).toBeNull();
    expect(limiter.seen.size).toBe(0);
  });

  it("does not grow without bound under a storm of addresses", async () => {
    const shield = inMemoryShield(2);
    await shield.refusal("first", 0);
    await shield.refusal("first", 0);
    expect(await shield.refusal("first", 0)).not.toBeNull();
    for (let i = 0; i < 60_000; i++) await shield.refusal(`a${i}`, 0);
    // Pushed out, and so full again.
    expect(await shield.refusal("first", 0)).toBeNull();
  });
});
