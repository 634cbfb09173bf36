import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { type Path, parsePath } from "../../../../domain/workflows/expression/path.ts";
import { missingReason, readPath } from "../../../../domain/workflows/expression/path-value.ts";
import { aScope } from "./scope.ts";

const STORE: Json = {
  books: [
    { title: "Moby Dick", price: 9, tags: ["sea", "whale"] },
    { title: "Emma", price: 12 },
    { title: "Ulysses", price: 20, sale: true },
  ],
  limit: 10,
  "sub-values": [1, 2, 3],
  'a\\"b': "quoted",
  nothing: null,
};

function read(text: string, input: Json = STORE): Json | undefined {
  const path = parsePath(text);
  if (path === null) throw new Error(`not a path: ${text}`);
  return readPath(path, aScope(input, { v: { w: [7] } }, { Execution: { Id: "e1" } }));
}

describe("a path", () => {
  it.each<[string, Json | undefined]>([
    ["$", STORE],
    ["$.limit", 10],
    ["$.books.length()", 3],
    ["$.books[0].tags.length()", 2],
    ["$.limit.length()", undefined],
    ["$['limit']", 10],
    ['$["limit"]', 10],
    ["$.sub-values", [1, 2, 3]],
    ["$.books[0].title", "Moby Dick"],
    ["$.books[-1].title", "Ulysses"],
    ["$.nothing", null],
    ["$$.Execution.Id", "e1"],
    ["$v", { w: [7] }],
    ["$v.w[0]", 7],
    ["$.books[1:].title", ["Emma", "Ulysses"]],
    ["$.books[:1].title", ["Moby Dick"]],
    ["$.books[-2:].price", [12, 20]],
    ["$.books[0:3:2].price", [9, 20]],
    ["$.books[*].price", [9, 12, 20]],
    ["$.books.[*].price", [9, 12, 20]],
    ["$.books[0,2].price", [9, 20]],
    ["$.books[0]['title','price']", ["Moby Dick", 9]],
    ["$..price", [9, 12, 20]],
    ["$..tags[0]", ["sea"]],
    ["$.books[?(@.price > 10)].title", ["Emma", "Ulysses"]],
    ["$.books[?(@.price > 10 && @.sale == true)].title", ["Ulysses"]],
    ["$.books[?(@.price < 10 || @.sale)].title", ["Moby Dick", "Ulysses"]],
    ["$.books[?(!@.sale)].title", ["Moby Dick", "Emma"]],
    ["$.books[?(@.title == 'Emma')].price", [12]],
    ["$.books[?(@.title == Emma)].price", [12]],
    ["$.books[?(@.price < $.limit)].title", ["Moby Dick"]],
    ["$.books[?(@.title in ['Emma', 'Ulysses'])].price", [12, 20]],
    ["$['a\\\"b']", "quoted"],
  ])("%s finds what it names", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it("finds nothing where a definite path leads nowhere", () => {
    for (const text of ["$.no", "$.limit.no", "$.books[9]", "$.books.title", "$unknown", "$$.Task.Token"]) {
      expect(read(text)).toBeUndefined();
    }
  });

  it("finds an empty array where an indefinite path matches nothing, even without a parent", () => {
    for (const text of ["$.no[*]", "$.no.such[1:]", "$..nothing-like-it", "$.books[?(@.price > 99)]"]) {
      expect(read(text)).toEqual([]);
    }
  });

  it("does not see what objects inherit", () => {
    expect(read("$.constructor")).toBeUndefined();
    expect(read("$.__proto__", JSON.parse('{"__proto__": 1}'))).toBe(1);
  });

  it("does not coerce in filters", () => {
    expect(read("$[?(@.n == '1')]", [{ n: 1 }, { n: "1" }])).toEqual([{ n: "1" }]);
    expect(read("$[?(@.n < 5)]", [{ n: "1" }, { n: null }, { n: 2 }])).toEqual([{ n: 2 }]);
  });

  it.each([
    "",
    "x",
    "$.",
    "$..",
    "$[",
    "$[]",
    "$['a",
    "$.a b",
    "$.a[1",
    "$.a[b]",
    "$.a[1:2:0]",
    "$.a[?(@.b ==)]",
    "$.a[?()]",
    "$.max()",
    "$.a[?(@.b == 1]",
    "$$$.a",
  ])("%j is not one", (text) => {
    expect(parsePath(text)).toBeNull();
  });

  it("says why nothing was found", () => {
    const reason = (text: string) => {
      const path = parsePath(text);
      return path === null ? "" : missingReason(path, aScope({ a: { b: 1 }, l: [1] }));
    };
    expect(reason("$.no")).toBe("No results for path: $['no']");
    expect(reason("$.a.no")).toBe("No results for path: $['a']['no']");
    expect(reason("$.no.such")).toBe("Missing property in path $['no']");
    expect(reason("$.l[3]")).toBe("Index out of bounds when evaluating path $['l'][3]");
  });
});

describe("a hostile path", () => {
  it("is refused when it is nested or long beyond reason", () => {
    expect(parsePath(`$${"[?(@".repeat(1_000)}`)).toBeNull();
    expect(parsePath(`$[?(${"(".repeat(5_000)}@.a${")".repeat(5_000)})]`)).toBeNull();
    expect(parsePath(`$[?(${"!".repeat(5_000)}@.a)]`)).toBeNull();
    expect(parsePath(`$${".a".repeat(10_000)}`)).toBeNull();
  });

  it("ends with States.Runtime when it visits too much", () => {
    const wide: Json = Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => 1));
    expect(() => read("$..*..*..*..*", [wide, wide, wide])).toThrow(/visits more than/);
  });

  it("pays for what a filter compares, and for all paths of a state together", () => {
    const list: Json = Array.from({ length: 20_000 }, (_, i) => i);
    expect(() => read("$[?(@ in $)]", list)).toThrow(/visits more than/);
    expect(() => read("$.a[?($.a == $.b)]", { a: list, b: [...list] })).toThrow(/visits more than/);
    const scope = aScope(list);
    const path = parsePath("$..*") as Path;
    expect(() => {
      for (let i = 0; i < 1_000; i++) readPath(path, scope);
    }).toThrow(/expressions of a state take more than/);
  });

  it("walks data nested deeper than the stack", () => {
    let deep: Json = { leaf: 1 };
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    expect(read("$..leaf", deep)).toEqual([1]);
  });
});
