import { describe, expect, it } from "vitest";
import { isId } from "../../../domain/kernel/id.ts";
import {
  fansOut,
  indexOfMapChild,
  mapChildIds,
  placeOf,
  ROOMMATES,
  roommateId,
} from "../../../domain/workflows/run-place.ts";

const COUNT = 3_000;
const childId = mapChildIds("ten_1", "run_1", "0/M/3.0~0");
const ids = Array.from({ length: COUNT }, (_, index) => childId(index));

const ORDINARY = "run_01k9zq3v5t0000000000000000";

describe("the ids of runs that start together", () => {
  const mates = Array.from({ length: ROOMMATES }, (_, index) => roommateId(ORDINARY, index + 1));

  it("have the form of a run's id, sort as they were given, and lead to one object", () => {
    expect(mates.every((id) => isId("run", id))).toBe(true);
    expect(mates.toSorted()).toEqual(mates);
    expect(mates.map(placeOf).map(({ run }) => run)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(mates.map((id) => placeOf(id).object)).size).toBe(1);
  });

  it("differ from those of another object by more than the moment", () => {
    const others = roommateId("run_01k9zq3v5t0000000001000000", 1);
    expect(placeOf(others).object).not.toBe(placeOf(mates[0] ?? "").object);
  });
});

describe("a definition", () => {
  it.each(["Map", "Parallel"])("with a %s fans out, wherever it stands", (type) => {
    expect(fansOut(JSON.stringify({ States: { A: { Branches: [{ States: { B: { Type: type } } }] } } }))).toBe(true);
    expect(fansOut(`{"States":{"A":{"Type" :\n"${type}"}}}`)).toBe(true);
  });

  it("of states that follow each other does not, whatever they are called", () => {
    expect(fansOut('{"States":{"Map":{"Type":"Task","Next":"Parallel"},"Parallel":{"Type":"Pass"}}}')).toBe(false);
  });
});

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
    expect(placeOf(ORDINARY)).toEqual({ object: ORDINARY, run: 0 });
    expect(ids.every((id) => placeOf(id).run > 0)).toBe(true);
  });
});
