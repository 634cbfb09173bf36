import { describe, expect, it } from "vitest";
import { evaluateExpression } from "../../../../domain/workflows/expression/jsonata.ts";
import { aScope, chance, failureOf } from "./scope.ts";

// J1 of jsonata.ts: an evaluation ends. None of these would by itself, or only with the memory of the isolate.

const SCOPE = aScope({ text: "ab ".repeat(50_000), digits: "1".repeat(50_000) });

async function reasonOf(text: string): Promise<string> {
  const failure = await failureOf(() => evaluateExpression(text, "Output", SCOPE, chance));
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
    ["$parse('[' & $pad('', 60000, '[') & $pad('', 60001, ']'))", /nested too deep/],
    [`${"(".repeat(3_000)}1${")".repeat(3_000)}`, /too deep/],
    [`${"-".repeat(30_000)}1`, /too deep/],
  ] as const)("%.60s ends with an error", async (text, reason) => {
    expect(await reasonOf(text)).toMatch(reason);
  });

  it("keeps its cause short, whatever it quotes", async () => {
    const failure = await failureOf(() => evaluateExpression("$number($states.input.text)", "Output", SCOPE, chance));
    expect(failure.causeText.length).toBeLessThan(1_200);
  });
});
