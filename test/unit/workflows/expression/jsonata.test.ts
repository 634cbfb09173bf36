import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { evaluateExpression } from "../../../../domain/workflows/expression/jsonata.ts";
import { expressionProblem } from "../../../../domain/workflows/expression/jsonata-check.ts";
import { aScope, chance, failureOf } from "./scope.ts";

const SCOPE = {
  ...aScope(
    { items: [3, 1, 2], one: [1], text: "héllo", none: null, nested: { deep: true } },
    { v: { w: 7 } },
    {
      Execution: { Id: "e1" },
    },
  ),
  result: { ok: true },
};

function run(text: string): Promise<Json> {
  return evaluateExpression(text, "Output", SCOPE, chance);
}

async function causeOf(text: string): Promise<string> {
  const failure = await failureOf(() => run(text));
  expect(failure.error).toBe("States.QueryEvaluationError");
  return failure.causeText;
}

describe("a JSONata expression", () => {
  it.each<[string, Json]>([
    ["$states.input.items[0]", 3],
    ["$states.input.one", [1]],
    ["$states.input.none", null],
    ["$states.input.nested.deep", true],
    ["$states.context.Execution.Id", "e1"],
    ["$states.result.ok", true],
    ["$v.w + 1", 8],
    ["$sum($states.input.items)", 6],
    ["$states.input.items[$ > 1]", [3, 2]],
    ["{'a': [1, {'b': null}]}", { a: [1, { b: null }] }],
    ["-0", 0],
    ["$sort($states.input.items)", [1, 2, 3]],
    ["$replace('aXbX', /x/i, '-')", "a-b-"],
    ["$split('a1b22c', /\\d+/)", ["a", "b", "c"]],
    ["$base64decode($base64encode($states.input.text))", "héllo"],
    ["$pad('7', -3, '0')", "007"],
    ["$join(['a', 'b'], ', ')", "a, b"],
    ["$distinct([1, '1', 1, {'a': 1}, {'a': 1}])", [1, "1", { a: 1 }]],
    ["$partition([1, 2, 3], 2)", [[1, 2], [3]]],
    ["$partition([0], 1)", [[0]]],
    ["$partition(1, 2)", [[1]]],
    ["$map([1, 2], $string)", ["1", "2"]],
    ["$map([['a', 'b']], function($v) { $map($v, $uppercase) })", ["A", "B"]],
    ["($tail := $substring(?, 1); $tail('abc'))", "bc"],
    ["($dashed := $join(?, '-'); $dashed(['a', 'b']))", "a-b"],
    ["$replace('aXbXc', 'X', '--', 1)", "a--bXc"],
    ["$replace('aXbX', 'X', '$1')", "a$1b$1"],
    ["$range(1, 9, 2)", [1, 3, 5, 7, 9]],
    ["$range(1, 9, 9)", 1],
    ["$hash('input data', 'SHA-256')", "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"],
    ["$parse('{\"a\": [1]}')", { a: [1] }],
    ["$states.input ~> |$|{'extra': 1}, ['items','one','text','none']|", { nested: { deep: true }, extra: 1 }],
    ["($f := function($n) { $n > 0 ? $n + $f($n - 1) : 0 }; $f(100))", 5050],
  ])("%s", async (text, expected) => {
    expect(await run(text)).toEqual(expected);
  });

  it("takes clock and chance from the caller", async () => {
    expect(await run("$now()")).toBe("2026-01-02T03:04:05.006Z");
    expect(await run("$now('[Y]')")).toBe("2026");
    expect(await run("$millis()")).toBe(chance.now().getTime());
    expect(await run("$random()")).toBe(0.5);
    expect(await run("$random(7)")).toBe(await run("$random(7)"));
    expect(await run("$uuid()")).toBe(chance.uuid());
    expect(await run("$shuffle([1,2,3])")).toEqual(await run("$shuffle([1,2,3])"));
    expect(await run("$toMillis('12:30', '[H]:[m]')")).toBe(Date.UTC(2026, 0, 2, 12, 30));
  });

  it("gives what no one else can change or see", async () => {
    const value = (await run("$states.input.items[$ > 0]")) as Json[];
    expect(Object.keys(value)).toEqual(["0", "1", "2"]);
    expect(Reflect.ownKeys(value)).not.toContain("sequence");
  });

  it("keeps evaluations of the same expression apart that overlap", async () => {
    const text = "($f := function($n) { $n > 0 ? $f($n - 1) : $states.input & $now('[f]') }; $f(20))";
    const at = (ms: number) => ({ ...chance, now: () => new Date(ms) });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => evaluateExpression(text, "Output", aScope(`run ${i} `), at(i))),
    );
    expect(all).toEqual(Array.from({ length: 20 }, (_, i) => `run ${i} ${i}`));
  });

  it("says in its cause what went wrong and where", async () => {
    expect(await causeOf("$nope")).toBe(
      "The JSONata expression '$nope' specified for the field 'Output' returned nothing (undefined).",
    );
    expect(await causeOf("$fn := function($x){$x}")).toBe(
      "The JSONata expression '$fn := function($x){$x}' specified for the field 'Output' returned an unsupported result type.",
    );
    expect(await causeOf("$v()")).toBe(
      "The JSONata expression '$v()' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function",
    );
    expect(await causeOf("$error('boom')")).toContain("threw an error during evaluation. D3137: boom");
    expect(await causeOf("[1/0]")).toContain("returned an unsupported result type.");
  });

  it("says that a function is none, or is given too little, wherever it is called", async () => {
    expect(await causeOf("$map([1], function($v) { $nope($v) })")).toContain(
      "T1006: Attempted to invoke a non-function",
    );
    expect(await causeOf("$hash('x')")).toContain("T0410");
    expect(await causeOf("$partition([1, 2])")).toContain("T0410");
  });

  it("has no $eval and no inherited members", async () => {
    expect(await causeOf("$eval('1')")).toContain("T1006");
    expect(await causeOf("$states.constructor")).toContain("returned nothing");
    expect(await causeOf("$lookup($states, '__proto__')")).toContain("returned nothing");
  });
});

describe("the check of a JSONata expression", () => {
  it.each([
    "$states.input.a",
    "$states.input.items[price > 3].name",
    "$x.items{category: $sum(price)}",
    "$map($x, function($v) { $v.a })",
    "$x.(a + b)",
    "$x^(>price)",
    "$states.input ~> |orders|{'total': price}|",
    "$count($x[$ = 0])",
    "$contains('hello', /^h\\w+/i)",
    "($e := $x.email; {'email': $e})",
    "$each($x.address, function($v) { $v })",
  ])("admits %s", (text) => {
    expect(expressionProblem(text)).toBeNull();
  });

  it.each([
    "420.",
    "1 +",
    "$.store.book[?(@.price < 10)].title",
    "name",
    "$",
    "$$.a",
    "*",
    "**",
    "$sum(prices)",
    "{'a': b}",
    "$x & name",
    "$eval('1')",
    "$match('a', /(?<=a)/)",
  ])("refuses %s", (text) => {
    expect(expressionProblem(text)).not.toBeNull();
  });
});
