import { expect, it } from "vitest";
import { drawVersion, PutAlias } from "../../../domain/workflows/alias.ts";

const ROUTES = [
  { version: 3, weight: 90 },
  { version: 4, weight: 10 },
];

it.each([
  [0, 3],
  [0.8999, 3],
  [0.9, 4],
  [0.9999, 4],
])("chance %d falls on version %d", (chance, version) => {
  expect(drawVersion(ROUTES, chance)).toBe(version);
});

it("a version of weight 0 is never drawn", () => {
  const routes = [
    { version: 1, weight: 0 },
    { version: 2, weight: 100 },
    { version: 3, weight: 0 },
  ];
  const drawn = Array.from({ length: 100 }, (_, i) => drawVersion(routes, i / 100));
  expect(new Set(drawn)).toEqual(new Set([2]));
});

it.each([
  ["sum to 99", [{ version: 1, weight: 99 }]],
  [
    "name a version twice",
    [
      { version: 1, weight: 50 },
      { version: 1, weight: 50 },
    ],
  ],
  ["are none", []],
  [
    "have a negative weight",
    [
      { version: 1, weight: -50 },
      { version: 2, weight: 150 },
    ],
  ],
])("routes that %s are refused", (_, routes) => {
  expect(PutAlias.safeParse({ routes }).success).toBe(false);
});
