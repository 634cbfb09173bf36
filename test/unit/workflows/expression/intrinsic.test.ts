import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { callIntrinsic, parseIntrinsic } from "../../../../domain/workflows/expression/intrinsic.ts";
import { Work } from "../../../../domain/workflows/expression/work.ts";
import { aScope, chance, failureOf } from "./scope.ts";

function call(text: string, input: Json = {}): Json {
  const parsed = parseIntrinsic(text);
  if (parsed === null) throw new Error(`not a call: ${text}`);
  return callIntrinsic(parsed, aScope(input, { name: "Ada" }, { Execution: { Id: "e1" } }), chance);
}

describe("an intrinsic function", () => {
  it.each<[string, Json, Json]>([
    ["States.Array()", {}, []],
    [
      "States.Array(1, -2.5, true, null, 'x', $.a, $$.Execution.Id, $name)",
      { a: [1] },
      [1, -2.5, true, null, "x", [1], "e1", "Ada"],
    ],
    ["States.ArrayPartition($.a, 2)", { a: [1, 2, 3] }, [[1, 2], [3]]],
    ["States.ArrayContains($.a, $.b)", { a: [{ x: [1] }], b: { x: [1] } }, true],
    ["States.ArrayContains($.a, 1)", { a: ["1"] }, false],
    ["States.ArrayRange(1, 9, 2)", {}, [1, 3, 5, 7, 9]],
    ["States.ArrayRange(1, 9, 9)", {}, [1]],
    ["States.ArrayRange(3, 1, -1)", {}, [3, 2, 1]],
    ["States.ArrayGetItem($.a, 1)", { a: [1, null] }, null],
    ["States.ArrayLength($.a)", { a: [1, 2] }, 2],
    ["States.ArrayUnique($.a)", { a: [1, "1", 1, { a: 1, b: 2 }, { b: 2, a: 1 }] }, [1, "1", { a: 1, b: 2 }]],
    ["States.Base64Encode('Grüße')", {}, "R3LDvMOfZQ=="],
    ["States.Base64Decode('R3LDvMOfZQ==')", {}, "Grüße"],
    ["States.Hash('input data', 'SHA-256')", {}, "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"],
    ["States.JsonMerge($.a, $.b, false)", { a: { x: { y: 1 }, z: 1 }, b: { x: 2 } }, { x: 2, z: 1 }],
    ["States.StringToJson('')", {}, null],
    ["States.StringToJson('-0')", {}, 0],
    ["States.JsonToString($.a)", { a: { b: [1, "x"] } }, '{"b":[1,"x"]}'],
    ["States.MathAdd(1.5, -1.5)", {}, 1],
    ["States.MathAdd(-0.5, 0.5)", {}, 1],
    ["States.StringSplit('a.b+c,,', '.+,')", {}, ["a", "b", "c"]],
    ["States.StringSplit(',,', ',')", {}, []],
    ["States.UUID()", {}, "00000000-0000-4000-8000-000000000000"],
    ["States.MathRandom(1, 11)", {}, 6],
    ["States.Format('Hi {}, {}!', $name, $.n)", { n: 1.5 }, "Hi Ada, 1.5!"],
    ["States.Format($.t, 'x')", { t: "<{}>" }, "<x>"],
    ["States.Format('{}', $.o)", { o: { Arg1: 1, Arg2: [], Arg3: [null, "x"] } }, "{Arg1=1, Arg2=[], Arg3=[null, x]}"],
    ["States.Format('\\{\\} it\\'s a \\\\ {}', 1)", {}, "{} it's a \\ 1"],
    ["States.Array(States.Array(States.MathAdd(1,1)))", {}, [[2]]],
    [
      "States.ArrayGetItem($.l[?(@.k == b)].v, 0)",
      {
        l: [
          { k: "a", v: 1 },
          { k: "b", v: 2 },
        ],
      },
      2,
    ],
  ])("%s", (text, input, expected) => {
    expect(call(text, input)).toEqual(expected);
  });

  it("gives the same number for the same seed", () => {
    expect(call("States.MathRandom(0, 1000000, 42)")).toBe(call("States.MathRandom(0, 1000000, 42)"));
    expect(call("States.MathRandom(0, 1000000, 42)")).not.toBe(call("States.MathRandom(0, 1000000, 43)"));
  });

  it.each<[string, Json]>([
    ["States.ArrayLength($.a)", { a: 1 }],
    ["States.ArrayGetItem($.a, 5)", { a: [1] }],
    ["States.ArrayGetItem($.a, -1)", { a: [1] }],
    ["States.ArrayPartition($.a, 0)", { a: [1] }],
    ["States.ArrayRange(0, 1000, 1)", {}],
    ["States.ArrayRange(0, 1, 0)", {}],
    ["States.Base64Encode($.a)", { a: "x".repeat(10_001) }],
    ["States.Base64Decode('*')", {}],
    ["States.Hash('x', 'CRC')", {}],
    ["States.JsonMerge($.a, $.a, true)", { a: {} }],
    ["States.StringToJson('{')", {}],
    ["States.StringToJson($.a)", { a: "[".repeat(5_000) + "]".repeat(5_000) }],
    ["States.Format('{} {}', 1)", {}],
    ["States.MathAdd($.a, 1)", { a: "1" }],
    ["States.MathRandom(5, 5)", {}],
  ])("%s fails with States.IntrinsicFailure where it cannot", async (text, input) => {
    expect((await failureOf(() => call(text, input))).error).toBe("States.IntrinsicFailure");
  });

  it("fails with States.Runtime where a path in it leads nowhere", async () => {
    const failure = await failureOf(() => call("States.Format('{}', $.no)", { a: 1 }));
    expect(failure).toMatchObject({
      error: "States.Runtime",
      causeText:
        "The function 'States.Format('{}', $.no)' had the following error: The JsonPath argument for the field '$.no' could not be found in the input '{\"a\":1}'",
    });
  });

  it.each([
    "States.Nope()",
    "States.UUID(1)",
    "States.ArrayLength()",
    "States.ArrayLength(1)",
    "States.MathAdd('1', 2)",
    "States.MathAdd(1, 2",
    "States.MathAdd(1 2)",
    "States.StringToJson('\\n')",
    `States.StringToJson('{"a":"\\"b\\""}')`,
    "States.Format('unclosed)",
    "States.UUID() trailing",
    "Lambda.Invoke()",
    "constant",
  ])("%s is not a call", (text) => {
    expect(parseIntrinsic(text)).toBeNull();
  });

  it("is refused deeper than ten calls, however deep the text goes", () => {
    const nested = (depth: number) => `${"States.Array(".repeat(depth)}1${")".repeat(depth)}`;
    expect(parseIntrinsic(nested(10))).not.toBeNull();
    expect(parseIntrinsic(nested(11))).toBeNull();
    expect(parseIntrinsic("States.Array(".repeat(5_000))).toBeNull();
  });

  it("does not build text far larger than its input", async () => {
    const text = `States.JsonToString(States.Array(${new Array(5_000).fill("$.a").join(",")}))`;
    const failure = await failureOf(() => call(text, { a: "x".repeat(100_000) }));
    expect(failure.error).toBe("States.IntrinsicFailure");
  });

  it.each([
    ["States.ArrayPartition($.list, 1)", 20_000],
    ["States.StringSplit($.text, ',')", 5_000],
  ])("pays for the lists and texts that %s makes", async (text, least) => {
    const tally = { steps: 0 };
    const input = { list: Array.from({ length: 40_000 }, (_, i) => i), text: "ab,".repeat(20_000) };
    const parsed = parseIntrinsic(text);
    if (parsed === null) throw new Error("no call");
    callIntrinsic(parsed, { ...aScope(input), work: new Work(tally) }, chance);
    expect(tally.steps).toBeGreaterThan(least);
  });
});
