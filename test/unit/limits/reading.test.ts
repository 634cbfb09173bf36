import { describe, expect, it } from "vitest";
import { Reading } from "../../../durable-objects/tenant-gate/reading.ts";

/** A reading whose answers are given by hand. */
function aReading() {
  const clock = { time: 0, now: () => clock.time };
  const begun: PromiseWithResolvers<string>[] = [];
  const read = () => {
    const answer = Promise.withResolvers<string>();
    begun.push(answer);
    return answer.promise;
  };
  return { reading: new Reading(read, clock, 1_000), clock, begun };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("a reading", () => {
  it("is shared by all who ask at the same time, and remembered from its beginning on (K1)", async () => {
    const { reading, clock, begun } = aReading();
    const asked = [reading.get(false), reading.get(false)];
    clock.time = 600;
    begun[0]?.resolve("one");
    expect(await Promise.all(asked)).toEqual(["one", "one"]);
    clock.time = 999;
    expect(await reading.get(false)).toBe("one");
    clock.time = 1_000;
    void reading.get(false);
    expect(begun).toHaveLength(2);
  });

  it("for fresh knowledge begins after the question, once for all who came meanwhile (K2)", async () => {
    const { reading, begun } = aReading();
    const before = reading.get(false);
    const fresh = Array.from({ length: 50 }, () => reading.get(true));
    begun[0]?.resolve("old");
    expect(await before).toBe("old");
    await turn();
    expect(begun).toHaveLength(2);
    begun[1]?.resolve("new");
    expect(new Set(await Promise.all(fresh))).toEqual(new Set(["new"]));
    expect(await reading.get(false)).toBe("new");
  });

  it("that failed is nothing known, and keeps nobody from reading again (K3)", async () => {
    const { reading, begun } = aReading();
    const first = reading.get(false);
    const second = reading.get(true);
    begun[0]?.reject(new Error("lost"));
    await expect(first).rejects.toThrow("lost");
    await turn();
    begun[1]?.resolve("found");
    expect(await second).toBe("found");
  });
});
