import { describe, expect, it } from "vitest";
import { pooledRandom } from "../../../adapters/random.ts";

describe("the random source", () => {
  it("gives no amount twice, across the edge of its pool", () => {
    const random = pooledRandom();
    const seen = new Set(Array.from({ length: 2_000 }, () => Buffer.from(random.bytes(16)).toString("hex")));
    expect(seen.size).toBe(2_000);
  });

  it("fills amounts larger than its pool", () => {
    const bytes = pooledRandom().bytes(10_000);
    expect(bytes.filter((byte) => byte !== 0).length).toBeGreaterThan(9_000);
  });

  it("draws numbers in [0, 1) that spread", () => {
    const random = pooledRandom();
    const drawn = Array.from({ length: 1_000 }, () => random.next());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    expect(drawn.filter((value) => value < 0.5).length).toBeGreaterThan(350);
    expect(drawn.filter((value) => value >= 0.5).length).toBeGreaterThan(350);
  });
});
