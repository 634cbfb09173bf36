import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import type { MapState, State, WaitState } from "../../../../domain/workflows/definition/machine.ts";
import { parseState } from "../../../../domain/workflows/definition/parse.ts";
import {
  evaluateAssign,
  evaluateItems,
  evaluatePathField,
  evaluateTemplate,
} from "../../../../domain/workflows/expression/evaluate.ts";
import { evaluateNumber } from "../../../../domain/workflows/expression/number-field.ts";
import { parsePath } from "../../../../domain/workflows/expression/path.ts";
import { evaluateInstant, evaluateText } from "../../../../domain/workflows/expression/text-field.ts";
import { aScope, chance, failureOf } from "./scope.ts";

function aState<T extends State>(source: JsonObject): T {
  const { state, diagnostics } = parseState(source);
  if (state === null) throw new Error(JSON.stringify(diagnostics));
  return state as T;
}

function fill(parameters: Json, input: Json, variables: JsonObject = {}): Json | Promise<Json> {
  const state = aState<State>({ Type: "Pass", Parameters: parameters, End: true });
  if (state.type !== "Pass" || state.parameters === null) throw new Error("no template");
  return evaluateTemplate(state.parameters, aScope(input, variables, { State: { Name: "S" } }), chance);
}

describe("a JSONPath template", () => {
  it("fills in what ends in .$ at any depth and leaves the rest as it stands", () => {
    const template = {
      "a.$": "$.x",
      b: [{ "c.$": "$$.State.Name" }, "$.x", { "d.$": "States.Format('{}!', $v)" }],
      e: "$.x",
    };
    expect(fill(template, { x: 1 }, { v: "hi" })).toEqual({ a: 1, b: [{ c: "S" }, "$.x", { d: "hi!" }], e: "$.x" });
  });

  it("fails with States.Runtime and names the field where a path leads nowhere", async () => {
    expect(await failureOf(() => fill({ a: { "value.$": "$.no" } }, { "int-literal": 0 }))).toMatchObject({
      error: "States.Runtime",
      causeText:
        "The JSONPath '$.no' specified for the field 'value.$' could not be found in the input '{\"int-literal\":0}'",
      prefixed: true,
    });
  });

  it("does not repeat its input beyond what can be written out", async () => {
    const template = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}.$`, "$"]));
    const failure = await failureOf(() => fill(template, "x".repeat(100_000)));
    expect(failure.error).toBe("States.DataLimitExceeded");
  });

  it("can name a member __proto__", () => {
    expect(JSON.stringify(fill(JSON.parse('{"__proto__.$": "$"}'), 1))).toBe('{"__proto__":1}');
  });
});

describe("a JSONata template", () => {
  const output = (value: Json, input: Json) => {
    const state = aState<State>({ Type: "Pass", QueryLanguage: "JSONata", Output: value, End: true });
    if (state.type !== "Pass" || state.output === null) throw new Error("no template");
    return evaluateTemplate(state.output, aScope(input), chance);
  };

  it("evaluates strings in marks at any depth and leaves everything else", async () => {
    const template = { a: "{% $states.input.x + 1 %}", b: ["{% 'y' %}", " {% 1 %}", { "c.$": "$.x" }], d: null };
    expect(await output(template, { x: 1 })).toEqual({ a: 2, b: ["y", " {% 1 %}", { "c.$": "$.x" }], d: null });
  });

  it("answers at once where nothing depends on the run", () => {
    expect(output({ a: [1, "x"] }, {})).toEqual({ a: [1, "x"] });
  });

  it("names the place in the template in its cause", async () => {
    const failure = await failureOf(() => output({ result: "{% $doesNotExist %}" }, {}));
    expect(failure.causeText).toBe(
      "The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined).",
    );
  });

  it("counts the items of arrays, and the rules and catchers it stands in", async () => {
    const listed = await failureOf(() => output({ l: [1, { m: "{% $no %}" }] }, {}));
    expect(listed.location).toBe("Output/l[1]/m");
    const choice = aState<State>({
      Type: "Choice",
      QueryLanguage: "JSONata",
      Choices: [{ Condition: true, Next: "S", Output: { v: "{% $no %}" } }],
    });
    const rule = choice.type === "Choice" ? choice.choices[0] : undefined;
    const inner = rule?.output;
    if (inner == null) throw new Error("no template");
    const failure = await failureOf(() => evaluateTemplate(inner, aScope({}), chance));
    expect(failure.location).toBe("Choices[0]/Output/v");
  });

  it("assigns variables that do not see each other", async () => {
    const state = aState<State>({
      Type: "Pass",
      QueryLanguage: "JSONata",
      Assign: { a: "{% $a + 1 %}", b: "{% $a %}" },
      End: true,
    });
    if (state.type !== "Pass" || state.assign === null) throw new Error("no template");
    expect(await evaluateAssign(state.assign, aScope({}, { a: 1 }), chance)).toEqual({ a: 2, b: 1 });
  });
});

describe("InputPath and OutputPath", () => {
  it("are {} where they are null, and fail in words of their own", async () => {
    expect(evaluatePathField(null, aScope(1))).toEqual({});
    expect(await failureOf(() => evaluatePathField(parsePath("$.no"), aScope({})))).toMatchObject({
      error: "States.Runtime",
      causeText: "Invalid path '$.no' : No results for path: $['no']",
    });
  });
});

describe("the items of a Map", () => {
  const PROCESSOR = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
  const items = (fields: JsonObject, input: Json, variables: JsonObject = {}) => {
    const state = aState<MapState>({ Type: "Map", ItemProcessor: PROCESSOR, End: true, ...fields });
    return evaluateItems(state, aScope(input, variables, { Execution: { Input: {} } }), chance);
  };

  it("come from the path, the expression, the literal or the input", async () => {
    expect(items({ ItemsPath: "$.l" }, { l: [1] })).toEqual([1]);
    expect(items({ ItemsPath: "$v" }, {}, { v: [2] })).toEqual([2]);
    expect(await items({ QueryLanguage: "JSONata", Items: "{% [0] %}" }, {})).toEqual([0]);
    expect(await items({ QueryLanguage: "JSONata", Items: [1, "{% 2 %}"] }, {})).toEqual([1, 2]);
    expect(items({ QueryLanguage: "JSONata" }, [3])).toEqual([3]);
  });

  it.each<[JsonObject, Json, string, string]>([
    [{ ItemsPath: "$.l" }, { l: 1 }, "States.Runtime", 'Reference path "$.l" must point to array.'],
    [
      { ItemsPath: "$$.Execution.Input" },
      {},
      "States.Runtime",
      'Reference path "$.Execution.Input" must point to array.',
    ],
    [
      { QueryLanguage: "JSONata" },
      { foo: "bar" },
      "States.QueryEvaluationError",
      'Map state input must be an array but was: {"foo":"bar"}',
    ],
    [
      { QueryLanguage: "JSONata", Items: "{% 1 %}" },
      {},
      "States.QueryEvaluationError",
      "The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1",
    ],
  ])("%j on %j fail with %s", async (fields, input, error, causeText) => {
    expect(await failureOf(() => items(fields, input))).toMatchObject({ error, causeText });
  });

  const concurrency = (fields: JsonObject, input: Json) => {
    const state = aState<MapState>({ Type: "Map", ItemProcessor: PROCESSOR, End: true, ...fields });
    return evaluateNumber(state.maxConcurrency, aScope(input), chance);
  };

  it("take a number of workers from a path as number or as text", async () => {
    expect(concurrency({ MaxConcurrency: 3 }, {})).toBe(3);
    expect(concurrency({ MaxConcurrencyPath: "$.n" }, { n: 4 })).toBe(4);
    expect(concurrency({ MaxConcurrencyPath: "$.n" }, { n: "5" })).toBe(5);
    expect(await concurrency({ QueryLanguage: "JSONata", MaxConcurrency: "{% 2 * 3 %}" }, {})).toBe(6);
  });

  it.each<[Json, string]>([
    [{}, 'The MaxConcurrencyPath field refers to value "{}" which is not a valid integer: $.n'],
    ["NoNumber", 'The MaxConcurrencyPath field refers to value "NoNumber" which is not a valid integer: $.n'],
    [1.5, 'The MaxConcurrencyPath field refers to value "1.5" which is not a valid integer: $.n'],
    [-1, "MaxConcurrency cannot be negative."],
  ])("refuse %j as a number of workers", async (n, causeText) => {
    const failure = await failureOf(() => concurrency({ MaxConcurrencyPath: "$.n" }, { n }));
    expect(failure).toMatchObject({ error: "States.Runtime", causeText });
  });
});

describe("a Wait", () => {
  const wait = (fields: JsonObject, input: Json) => {
    const state = aState<WaitState>({ Type: "Wait", End: true, ...fields });
    const scope = aScope(input);
    if (state.seconds !== null) return evaluateNumber(state.seconds, scope, chance);
    if (state.timestamp !== null) return evaluateInstant(state.timestamp, scope, chance);
    throw new Error("no time");
  };

  it("reads seconds and instants", async () => {
    expect(wait({ Seconds: 5 }, {})).toBe(5);
    expect(wait({ SecondsPath: "$.s" }, { s: 7 })).toBe(7);
    expect(await wait({ QueryLanguage: "JSONata", Seconds: "{% $states.input.s %}" }, { s: 8 })).toBe(8);
    expect(wait({ Timestamp: "2020-01-01T00:00:00Z" }, {})).toBe(Date.UTC(2020, 0, 1));
    expect(wait({ TimestampPath: "$.t" }, { t: "2020-01-01T00:00:00Z" })).toBe(Date.UTC(2020, 0, 1));
  });

  it.each<[JsonObject, Json, string, string]>([
    [{ SecondsPath: "$.s" }, {}, "States.Runtime", "The SecondsPath parameter does not reference an input value: $.s"],
    [
      { SecondsPath: "$.s" },
      { s: 1.5 },
      "States.Runtime",
      "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5",
    ],
    [
      { SecondsPath: "$.s" },
      { s: -1 },
      "States.Runtime",
      "The SecondsPath parameter references a negative value: $.s == -1",
    ],
    [{ SecondsPath: "$.s" }, { s: 3e9 }, "States.Runtime", "Wait state delay is too long."],
    [{ TimestampPath: "$.t" }, { t: "9999-01-01T00:00:00Z" }, "States.Runtime", "Wait state delay is too long."],
    [
      { TimestampPath: "$.t" },
      { t: "2016-12-05T21:29:29" },
      "States.Runtime",
      "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.t == 2016-12-05T21:29:29",
    ],
    [
      { QueryLanguage: "JSONata", Timestamp: "{% $states.input.t %}" },
      { t: "2016-12-05 21:29:29Z" },
      "States.QueryEvaluationError",
      "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-12-05 21:29:29Z",
    ],
  ])("%j on %j fails with %s", async (fields, input, error, causeText) => {
    expect(await failureOf(() => wait(fields, input))).toMatchObject({ error, causeText });
  });
});

describe("a Fail", () => {
  const cause = (fields: JsonObject, input: Json) => {
    const state = aState<State>({ Type: "Fail", ...fields });
    if (state.type !== "Fail" || state.cause === null) throw new Error("no cause");
    return evaluateText(state.cause, aScope(input), chance);
  };

  it("takes its cause from the definition, a path, an intrinsic call or an expression", async () => {
    expect(cause({ Cause: "why" }, {})).toBe("why");
    expect(cause({ CausePath: "$.c" }, { c: "because" })).toBe("because");
    expect(cause({ CausePath: "States.Format('{} of it', $.c)" }, { c: "because" })).toBe("because of it");
    expect(await cause({ QueryLanguage: "JSONata", Cause: "{% 'it ' & 'is' %}" }, {})).toBe("it is");
  });

  it("fails itself where there is no text", async () => {
    expect((await failureOf(() => cause({ CausePath: "$.no" }, {}))).causeText).toBe(
      "The JSONPath '$.no' specified for the field 'CausePath' could not be found in the input '{}'",
    );
    expect((await failureOf(() => cause({ CausePath: "$.n" }, { n: 1 }))).error).toBe("States.Runtime");
    expect((await failureOf(() => cause({ QueryLanguage: "JSONata", Cause: "{% 1 %}" }, {}))).error).toBe(
      "States.QueryEvaluationError",
    );
  });
});
