import { describe, expect, it } from "vitest";
import { isId } from "../../../domain/kernel/id.ts";
import { indexOfMapChild, mapChildIds, placeOf } from "../../../domain/workflows/map-child-id.ts";

const COUNT = 3_000;
const childId = mapChildIds("ten_1", "run_1", "0/M/3.0~0");
const ids = Array.from({ length: COUNT }, (_, index) => childId(index));

describe("the id of a distributed Map's child", () => {
  it("has the form of a run's id, and tells its index", () => {
    expect(ids.every((id) => isId("run", id))).toBe(true);
    expect(ids.map(indexOfMapChild)).toEqual(ids.map((_, index) => index));
  });

  it("leads to a place that no other child has", () => {
    const places = ids.map(placeOf).map(({ object, run }) => `${object}/${run}`);
    expect(new Set(places).size).toBe(COUNT);
  });

  it("leads neighbours to one object, and all of them to a bounded number", () => {
    expect(new Set(ids.slice(0, 4).map((id) => placeOf(id).object)).size).toBe(1);
    expect(new Set(ids.map((id) => placeOf(id).object)).size).toBe(64);
  });

  it("differs by tenant, run and map run, and so does its object", () => {
    const others = [
      mapChildIds("ten_2", "run_1", "0/M/3.0~0"),
      mapChildIds("ten_1", "run_2", "0/M/3.0~0"),
      mapChildIds("ten_1", "run_1", "0/M/3.1~0"),
    ].map((other) => other(0));
    const all = [ids[0] ?? "", ...others];
    expect(new Set(all).size).toBe(4);
    expect(new Set(all.map((id) => placeOf(id).object)).size).toBe(4);
  });

  it("is told apart from an ordinary run's, which is alone in its object", () => {
    const ordinary = "run_01k9zq3v5t0000000000000000";
    expect(placeOf(ordinary)).toEqual({ object: ordinary, run: 0 });
    expect(ids.every((id) => placeOf(id).run > 0)).toBe(true);
  });
});
