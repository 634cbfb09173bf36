import { describe, expect, it } from "vitest";
import { outcomeOf, type Settled, together } from "../../../services/together.ts";

const well = <T>(value: T): Settled<T> => ({ status: "fulfilled", value });
const failed = (reason: string): Settled<never> => ({ status: "rejected", reason });

describe("work that several share", () => {
  it("is done once for all that went well, and leaves the others as they failed", async () => {
    const shared: string[][] = [];
    const outcomes = await together([well("a"), failed("lost"), well("b"), well("c")], async (values) => {
      shared.push(values);
      return values.map((value) => (value === "b" ? failed("refused") : well(value.toUpperCase())));
    });
    expect(shared).toEqual([["a", "b", "c"]]);
    expect(outcomes).toEqual([well("A"), failed("lost"), failed("refused"), well("C")]);
  });

  it("fails for each when it fails as a whole", async () => {
    const outcomes = await together([well("a"), failed("lost"), well("b")], async () => {
      throw "down";
    });
    expect(outcomes).toEqual([failed("down"), failed("lost"), failed("down")]);
  });

  it("is not begun for nobody", async () => {
    let begun = 0;
    await together([failed("lost")], async () => {
      begun += 1;
      return [];
    });
    expect(begun).toBe(0);
  });

  it("fails for whom it does not answer", async () => {
    const [first, second] = await together([well("a"), well("b")], async () => [well("A")]);
    expect(outcomeOf(first)).toBe("A");
    expect(() => outcomeOf(second)).toThrow("did not answer for all");
  });
});
