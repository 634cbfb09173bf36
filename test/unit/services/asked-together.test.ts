import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askedTogether } from "../../../services/asked-together.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a question that several have at the same time", () => {
  it("is asked once, and by the next who has it again", async () => {
    const once = askedTogether<number>();
    let asked = 0;
    const ask = async () => ++asked;
    expect(await Promise.all([once("a", ask), once("a", ask), once("b", ask)])).toEqual([1, undefined, 2]);
    expect(await once("a", ask)).toBe(3);
  });

  it("fails for the first alone", async () => {
    const once = askedTogether<number>();
    const first = once("a", () => Promise.reject(new Error("down")));
    const second = once("a", async () => 1);
    await expect(first).rejects.toThrow("down");
    expect(await second).toBeUndefined();
    expect(await once("a", async () => 2)).toBe(2);
  });

  it("is asked by another after a second, when the first was lost with its request", async () => {
    const once = askedTogether<number>();
    void once("a", () => new Promise(() => {}));
    const second = once("a", async () => 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await second).toBeUndefined();
    expect(await once("a", async () => 2)).toBe(2);
  });
});
