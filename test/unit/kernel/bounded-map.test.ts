import { describe, expect, it } from "vitest";
import { putLast } from "../../../domain/kernel/bounded-map.ts";

describe("a bounded map", () => {
  it("drops what was put least lately", () => {
    const map = new Map([
      ["a", 1],
      ["b", 2],
    ]);
    putLast(map, "a", 3, 2);
    putLast(map, "c", 4, 2);
    expect([...map]).toEqual([
      ["a", 3],
      ["c", 4],
    ]);
  });

  it("drops nothing while there is room", () => {
    const map = new Map([["a", 1]]);
    putLast(map, "b", 2, 2);
    expect([...map.keys()]).toEqual(["a", "b"]);
  });
});
