import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import type { ChoiceState } from "../../../../domain/workflows/definition/machine.ts";
import { parseDefinition } from "../../../../domain/workflows/definition/parse.ts";
import { evaluateChoice } from "../../../../domain/workflows/expression/evaluate.ts";
import { aScope, chance, failureOf } from "./scope.ts";

function passes(rule: JsonObject, input: Json, language = "JSONPath"): boolean | Promise<boolean> {
  const { machine, diagnostics } = parseDefinition({
    QueryLanguage: language,
    StartAt: "C",
    States: { C: { Type: "Choice", Choices: [{ ...rule, Next: "End" }] }, End: { Type: "Succeed" } },
  });
  const state = machine?.states.get("C") as ChoiceState | undefined;
  const test = state?.choices[0]?.test;
  if (test === undefined) throw new Error(JSON.stringify(diagnostics));
  return evaluateChoice(test, aScope(input, { limit: 10 }, { State: { Name: "C" } }), chance);
}

describe("a Choice rule", () => {
  it.each<[JsonObject, Json, boolean]>([
    [{ Variable: "$.v", NumericEquals: 0 }, { v: 0.0 }, true],
    [{ Variable: "$.v", NumericEquals: 1 }, { v: "1" }, false],
    [{ Variable: "$.v", NumericLessThanEqualsPath: "$limit" }, { v: 10 }, true],
    [{ Variable: "$.v", StringGreaterThan: "ABC" }, { v: "ABD" }, true],
    [{ Variable: "$.v", StringEqualsPath: "$$.State.Name" }, { v: "C" }, true],
    [{ Variable: "$.v", BooleanEquals: false }, { v: 0 }, false],
    [{ Variable: "$.v", BooleanEqualsPath: "$.w" }, { v: true, w: true }, true],
    [{ Variable: "$.v", TimestampEquals: "2020-01-01T00:00:00Z" }, { v: "2020-01-01T01:00:00+01:00" }, true],
    [{ Variable: "$.v", TimestampLessThan: "2020-01-01T00:00:00Z" }, { v: "not a time" }, false],
    [{ Variable: "$.v", IsNull: true }, { v: null }, true],
    [{ Variable: "$.v", IsNumeric: false }, { v: "1" }, true],
    [{ Variable: "$.v", IsTimestamp: true }, { v: "2020-01-01 00:00:00Z" }, false],
    [{ Variable: "$.v", IsPresent: true }, { v: null }, true],
    [{ Variable: "$.v", IsPresent: true }, {}, false],
    [{ Variable: "$.v", IsPresent: false }, {}, true],
    [{ Variable: "$.v[*]", IsPresent: true }, {}, false],
    [{ Variable: "$.v", StringMatches: "log-*.txt" }, { v: "log-1.txt" }, true],
    [{ Variable: "$.v", StringMatches: "log-*.txt" }, { v: "log-.tx" }, false],
    [{ Variable: "$.v", StringMatches: "a*b*a" }, { v: "aba" }, true],
    [{ Variable: "$.v", StringMatches: "a*a" }, { v: "a" }, false],
    [{ Variable: "$.v", StringMatches: "\\*\\\\" }, { v: "*\\" }, true],
    [{ Not: { Variable: "$.v", IsNull: true } }, { v: 1 }, true],
    [
      {
        Or: [
          { Variable: "$.v", NumericEquals: 1 },
          { Variable: "$.v", NumericEquals: 2 },
        ],
      },
      { v: 2 },
      true,
    ],
  ])("%j on %j gives %s", (rule, input, expected) => {
    expect(passes(rule, input)).toBe(expected);
  });

  it("stops at the test that decides, so that an IsPresent guards what follows", () => {
    const guarded = {
      And: [
        { Variable: "$.v", IsPresent: true },
        { Variable: "$.v", NumericEquals: 1 },
      ],
    };
    expect(passes(guarded, {})).toBe(false);
  });

  it("fails with States.Runtime on a variable that is not there", async () => {
    const failure = await failureOf(() => passes({ Variable: "$.no", IsNull: true }, {}));
    expect(failure).toMatchObject({
      error: "States.Runtime",
      causeText: "Invalid path '$.no': The choice state's condition path references an invalid value.",
    });
  });

  it("does not go back in a long text", () => {
    const rule = { Variable: "$.v", StringMatches: `${"a*".repeat(200)}b` };
    expect(passes(rule, { v: "a".repeat(200_000) })).toBe(false);
  });

  it("takes a boolean, or an expression that gives one", async () => {
    expect(await passes({ Condition: true }, {}, "JSONata")).toBe(true);
    expect(await passes({ Condition: "{% $states.input.v > 1 %}" }, { v: 2 }, "JSONata")).toBe(true);
    const failure = await failureOf(() => passes({ Condition: "{% $states.input.v %}" }, { v: "true" }, "JSONata"));
    expect(failure.error).toBe("States.QueryEvaluationError");
    expect(failure.causeText).toContain("Expected 'boolean', but was 'string' for value: \"true\"");
  });
});
