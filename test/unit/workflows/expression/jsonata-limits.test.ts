import { describe, expect, it } from "vitest";
import type { StateError } from "../../../../domain/workflows/expression/error.ts";
import { evaluateExpression } from "../../../../domain/workflows/expression/jsonata.ts";
import { Work } from "../../../../domain/workflows/expression/work.ts";
import { aScope, chance, failureOf } from "./scope.ts";

// J1 of jsonata.ts: an evaluation ends. None of these would by itself, or only with the memory of the isolate.

const INPUT = {
  text: "ab ".repeat(50_000),
  digits: "1".repeat(50_000),
  list: Array.from({ length: 20_000 }, (_, i) => i),
  lists: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, [i, i]])),
};

async function reasonOf(text: string): Promise<string> {
  const failure = await failureOf(() => evaluateExpression(text, "Output", aScope(INPUT), chance));
  expect(failure.error).toBe("States.QueryEvaluationError");
  return failure.causeText.slice(-160);
}

describe("a hostile JSONata expression", () => {
  it.each([
    ["($f := function() { $f() }; $f())", /more than \d+ steps/],
    ["$map([1..100000], function($v) { $v * 2 + 1 })", /more than \d+ steps/],
    ["($f := function($n) { 1 + $f($n) }; $f(1))", /Stack overflow|nested too deep/],
    ["[1..1000000]", /D2015/],
    ["$reduce([1..40], function($a, $i) { $a & $a }, 'xxxxxxxxxx')", /too large/],
    ["$reduce([1..40], function($a, $i) {{'a': $a, 'b': $a}}, 1)", /too large/],
    ["$boolean($reduce([1..40], function($a, $i) { [[$a], [$a]] }, 0))", /too large/],
    ["$reduce([1..30], function($a, $i) { $append($a, $a) }, [1, 2])", /too large|D2015/],
    ["$join($map([1..500], function($v) { $states.input.text }))", /too large|longer than/],
    ["$replace($states.input.text, 'a', $states.input.text)", /longer than/],
    ["$replace($states.input.text, /a/, $states.input.text)", /longer than/],
    ["$pad('x', 100000000)", /longer than/],
    ["$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', /(a+)+$/)", /patterns takes more than/],
    ["$contains($states.input.text, /a.*a.*a.*a.*z/)", /patterns takes more than/],
    ["$formatInteger(1e15, 'I')", /Roman/],
    ["$toMillis($states.input.digits, '[Y][M][D][H][m][s][Y][M][D]')", /too loose/],
    ["$fromMillis(0, '[Y,9999999-9999999]')", /too loose/],
    ["$formatNumber(1, $pad('', 100000, '#'))", /too long/],
    ["[1..9000].$length($states.input.text)", /more than \d+ steps/],
    ["[1..9000].$contains($states.input.text, $states.input.digits)", /more than \d+ steps/],
    ["[1..9000].($states.input.**; 1)", /more than \d+ steps/],
    ["[1..9000].($states.input.lists.*; 1)", /more than \d+ steps/],
    ["[1..9000][$states.input.list = $states.input.list]", /more than \d+ steps/],
    ["$states.input.list[$states.input.list]", /more than \d+ steps/],
    ["$states.input.list{'all': $count($)}", /more than \d+ steps/],
    ["$reduce($states.input.list, $append)", /more than \d+ steps/],
    [`($l := $states.input.list; $zip(${Array(2_000).fill("$l").join(", ")}))`, /more than \d+ steps/],
    ["$map([1..9000], function($v) { $pad('x', 9000) })", /more than \d+ steps/],
    ["$map([1..9000], function($v) { $replace($states.input.text, 'a', 'aa') })", /more than \d+ steps/],
    ["($wide := $pad(?, 900000); $map($split($pad('', 200), ''), $wide))", /more than \d+ steps/],
    ["$map([1..9000], function($v) { $pad(?, 3) })", /more than \d+ steps/],
    ["[1..9000]{$string($): ($f := function($n) { 1 + $f($n) }; $f(0))}", /Stack overflow/],
    ["$parse('[' & $pad('', 60000, '[') & $pad('', 60001, ']'))", /nested too deep/],
    [`${"(".repeat(3_000)}1${")".repeat(3_000)}`, /too deep/],
    [`${"-".repeat(30_000)}1`, /too deep/],
  ] as const)("%.60s ends with an error", async (text, reason) => {
    expect(await reasonOf(text)).toMatch(reason);
  });

  it("is not what handles a large input a few times", async () => {
    const value = (text: string) => evaluateExpression(text, "Output", aScope(INPUT), chance);
    expect(await value("$count($sort($states.input.list))")).toBe(20_000);
    expect(await value("$count($spread($states.input.lists))")).toBe(10_000);
    expect(await value("$count($states.input.list[$ % 2 = 0])")).toBe(10_000);
    expect(await value("$count($keys($states.input.list[$ < 4000]{$string($ % 1500): $sum($)}))")).toBe(1_500);
    expect(await value("$length($states.input.text) + $length($states.input.digits)")).toBe(200_000);
    expect(await value("$map([1..2000], function($i) { $i in $states.input.list })[0]")).toBe(true);
  });

  it("pays for what functions build at the tail of a lambda as it does elsewhere", async () => {
    const stepsOf = async (text: string) => {
      const tally = { steps: 0 };
      await evaluateExpression(text, "Output", { ...aScope(INPUT), work: new Work(tally) }, chance);
      return tally.steps;
    };
    const atTail = await stepsOf("$map([1..20], function($v) { $reverse($states.input.list) })[0][0]");
    const inBlock = await stepsOf("$map([1..20], function($v) { ($r := $reverse($states.input.list); $r) })[0][0]");
    expect(atTail / inBlock).toBeCloseTo(1, 1);
  });

  it("shares its steps with the other expressions of the state", async () => {
    const scope = aScope({});
    const text = "$count([1..25000][$ > 1])";
    const spend = async (left: number): Promise<number> => {
      const failure = await evaluateExpression(text, "Output", scope, chance).then(
        () => null,
        (error: StateError) => error,
      );
      if (failure === null) return spend(left - 1);
      expect(failure.causeText).toContain("expressions of a state take more than");
      return left;
    };
    expect(await spend(100)).toBeGreaterThan(80);
  });

  it("keeps its cause short, whatever it quotes", async () => {
    const failure = await failureOf(() =>
      evaluateExpression("$number($states.input.text)", "Output", aScope(INPUT), chance),
    );
    expect(failure.causeText.length).toBeLessThan(1_200);
  });
});
