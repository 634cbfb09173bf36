import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import { type Diagnostic, validationMessage } from "../../../../domain/workflows/definition/diagnostic.ts";
import type { MachineType, MapState, TaskState } from "../../../../domain/workflows/definition/machine.ts";
import { parseDefinition, parseState } from "../../../../domain/workflows/definition/parse.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work";
const TASK = { Type: "Task", Resource: FUNCTION, End: true };
const PASS = { Type: "Pass", End: true };
const INNER = { StartAt: "I", States: { I: PASS } };

function aMachine(states: JsonObject, more: JsonObject = {}): JsonObject {
  return { StartAt: Object.keys(states)[0] ?? "", States: states, ...more };
}

/** "location: message" of every error. */
function errorsIn(source: string | Json, type: MachineType = "STANDARD"): string[] {
  return parseDefinition(source, { type })
    .diagnostics.filter(isError)
    .map(({ location, message }) => `${location}: ${message}`);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "ERROR";
}

/** The errors of a machine of one state. */
function errorsOf(state: JsonObject, more: JsonObject = {}, type: MachineType = "STANDARD"): string[] {
  return errorsIn(aMachine({ S: state }, more), type);
}

describe("a definition", () => {
  it("becomes a machine with its defaults filled in", () => {
    const { machine, diagnostics } = parseDefinition(
      aMachine(
        {
          T: {
            Type: "Task",
            Resource: "weft:llm:chat",
            Retry: [{ ErrorEquals: ["States.ALL"] }],
            Catch: [{ ErrorEquals: ["A", "B"], Next: "F", ResultPath: "$.error" }],
            TimeoutSecondsPath: "$.limit",
            Next: "M",
          },
          M: { Type: "Map", Iterator: INNER, Parameters: { "v.$": "$$.Map.Item.Value" }, End: true },
          F: { Type: "Fail" },
        },
        { TimeoutSeconds: 60, Comment: "c", Version: "1.0" },
      ),
    );
    expect(diagnostics).toEqual([]);
    expect(machine).toMatchObject({ startAt: "T", timeoutSeconds: 60, queryLanguage: "JSONPath", comment: "c" });
    const task = machine?.states.get("T") as TaskState;
    expect(task).toMatchObject({
      next: "M",
      inputPath: { text: "$" },
      resultPath: { text: "$" },
      arguments: null,
      resource: { kind: "weft", service: "llm", action: "chat", pattern: "request" },
      retry: [{ intervalSeconds: 1, maxAttempts: 3, backoffRate: 2, maxDelaySeconds: null, jitterStrategy: "NONE" }],
      catch: [{ errorEquals: ["A", "B"], next: "F", resultPath: { steps: ["error"] } }],
      timeoutSeconds: { kind: "path", field: "TimeoutSeconds" },
    });
    const map = machine?.states.get("M") as MapState;
    expect(map.itemProcessor).toMatchObject({ mode: "INLINE", executionType: null, startAt: "I" });
    expect(map).toMatchObject({ next: null, maxConcurrency: { value: 0 }, toleratedFailureCount: null });
    expect(map.itemSelector?.field).toBe("Parameters");
  });

  it("takes null paths for what they are", () => {
    const { machine } = parseDefinition(
      aMachine({ S: { ...TASK, InputPath: null, OutputPath: null, ResultPath: null } }),
    );
    expect(machine?.states.get("S")).toMatchObject({ inputPath: null, outputPath: null, resultPath: null });
  });

  it("may use JSONata in single states of a JSONPath machine, and not the other way round", () => {
    expect(errorsOf({ ...PASS, QueryLanguage: "JSONata", Output: "{% 1 %}" })).toEqual([]);
    expect(errorsOf({ ...PASS, QueryLanguage: "JSONPath" }, { QueryLanguage: "JSONata" })).toEqual([
      "/States/S: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
    ]);
  });

  it("may read $states.result and $states.errorOutput where they are, and nowhere else", () => {
    const task = { ...TASK, QueryLanguage: "JSONata", Parameters: undefined };
    const wherever = "{% $map([1], function($v) { $states.result }) %}";
    const caught = { ErrorEquals: ["States.ALL"], Next: "S", Output: "{% $states.errorOutput.Error %}" };
    const right = { ...task, Output: "{% $states.result %}", Assign: { x: [wherever] }, Catch: [caught] };
    const places = (state: object) => errorsOf(JSON.parse(JSON.stringify(state))).map((error) => error.split(":")[0]);
    expect(places(right)).toEqual([]);
    const wrong = [
      [{ ...PASS, QueryLanguage: "JSONata", Output: "{% $states.result %}" }, "/States/S/Output"],
      [{ ...task, Arguments: { x: "{% $states.result.y %}" } }, "/States/S/Arguments/x"],
      [{ ...task, Output: { x: ["{% [$states.errorOutput] %}"] } }, "/States/S/Output/x/0"],
      [{ ...task, TimeoutSeconds: "{% $states.result %}" }, "/States/S/TimeoutSeconds"],
      [{ ...task, Catch: [{ ...caught, Assign: { x: wherever } }] }, "/States/S/Catch/0/Assign/x"],
    ] as const;
    for (const [state, place] of wrong) expect(places(state)).toEqual([place]);
    expect(places({ ...PASS, QueryLanguage: "JSONata", Output: "{% 'not $states.result' %}" })).toEqual([]);
  });

  it("is refused in the words of AWS", () => {
    const { machine, diagnostics } = parseDefinition({});
    expect(machine).toBeNull();
    expect(validationMessage(diagnostics)).toBe(
      "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'",
    );
  });

  it("points at names that hold slashes and tildes as RFC 6901 says", () => {
    expect(errorsIn(aMachine({ "a/b~c": { Type: "Nope" } }))[0]).toMatch(/^\/States\/a~1b~0c\/Type: /);
  });
});

describe("a text", () => {
  it.each([
    ["{", "INVALID_JSON_DESCRIPTION", "/"],
    ["[1]", "SCHEMA_VALIDATION_FAILED", "/"],
    ["null", "SCHEMA_VALIDATION_FAILED", "/"],
    [
      '{"StartAt": "S", "States": {"S": {"Type": "Pass", "Type": "Fail"}}}',
      "INVALID_JSON_DESCRIPTION",
      "/States/S/Type",
    ],
    ['{"StartAt": "S", "States": {"S": {}, "\\u0053": {}}}', "INVALID_JSON_DESCRIPTION", "/States/S"],
    ['{"a": [{}, {"b": 1, "b": 2}]}', "INVALID_JSON_DESCRIPTION", "/a/1/b"],
  ])("%s is refused with %s at %s", (text, code, location) => {
    expect(parseDefinition(text).diagnostics[0]).toMatchObject({ severity: "ERROR", code, location });
  });

  it("may use one name in several objects", () => {
    expect(errorsIn(JSON.stringify(aMachine({ S: { ...PASS, Result: [{ a: 1 }, { a: ':"a":' }] } })))).toEqual([]);
  });
});

describe("the graph of a scope", () => {
  it.each<[string, JsonObject, string]>([
    ["a target that is missing", aMachine({ A: { Type: "Pass", Next: "B" }, E: PASS }), "Missing 'Next' target: B"],
    ["a start that is missing", { StartAt: "X", States: { A: PASS } }, "Missing 'StartAt' target: X"],
    ["a state that cannot be reached", aMachine({ A: PASS, B: PASS }), 'State "B" is not reachable.'],
    ["no end", aMachine({ A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", Next: "A" } }), "no terminal state"],
    [
      "a target in another scope",
      aMachine({
        P: { Type: "Parallel", Branches: [{ StartAt: "X", States: { X: { Type: "Pass", Next: "E" } } }], Next: "E" },
        E: PASS,
      }),
      "/States/P/Branches/0/States/X/Next: Missing 'Next' target: E",
    ],
    [
      "a Catch into nowhere",
      aMachine({ T: { ...TASK, Catch: [{ ErrorEquals: ["States.ALL"], Next: "N" }] } }),
      "/States/T/Catch/0/Next: Missing 'Next' target: N",
    ],
    [
      "a Default into nowhere",
      aMachine({
        C: { Type: "Choice", Choices: [{ Variable: "$.a", IsNull: true, Next: "E" }], Default: "N" },
        E: PASS,
      }),
      "Missing 'Default' target: N",
    ],
    [
      "a name that is taken in an inner scope",
      aMachine({ M: { Type: "Map", ItemProcessor: { StartAt: "M", States: { M: PASS } }, End: true } }),
      "Duplicate state name: M",
    ],
    ["a name beyond 80 characters", aMachine({ ["n".repeat(81)]: PASS }), "cannot exceed 80 characters"],
  ])("is refused with %s", (_, source, message) => {
    expect(errorsIn(source).join("\n")).toContain(message);
  });
});

describe("the fields of a state", () => {
  it.each<[JsonObject, string]>([
    [{ ...PASS, Nope: 1 }, "/States/S: The field 'Nope' is not supported by Step Functions"],
    [{ Type: "Pass" }, "/States/S: One of these fields is required: [Next, End]"],
    [{ ...PASS, Next: "S" }, "/States/S: Only one of these fields is allowed: [Next, End]"],
    [{ Type: "Pass", End: false }, "/States/S/End: The field 'End' must be true where it is given"],
    [{ ...PASS, Output: 1 }, "/States/S: The field 'Output' is not supported when the QueryLanguage is 'JSONPath'"],
    [
      { ...PASS, QueryLanguage: "JSONata", ResultPath: "$" },
      "/States/S: The field 'ResultPath' is not supported when the QueryLanguage is 'JSONata'",
    ],
    [{ ...PASS, InputPath: "foo" }, "/States/S/InputPath: The value must be a valid JSONPath"],
    [{ ...PASS, ResultPath: "$.a[*]" }, "/States/S/ResultPath: The value must be a Reference Path"],
    [
      { ...PASS, Parameters: { "a.$": "x" } },
      "/States/S/Parameters: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
    ],
    [
      { ...PASS, Parameters: { a: [{ "b.$": 1 }] } },
      "/States/S/Parameters/a/0: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
    ],
    [
      { ...PASS, Parameters: { a: 1, "a.$": "$" } },
      "/States/S/Parameters: The field 'a' is given twice, as 'a' and 'a.$'",
    ],
    [{ ...PASS, Assign: { states: 1 } }, "/States/S/Assign: The variable name 'states' is reserved"],
    [{ ...PASS, Assign: { "a b": 1 } }, "/States/S/Assign: 'a b' is not a valid variable name"],
    [{ ...PASS, Assign: [] }, "/States/S/Assign: Expected value of type Object"],
    [{ Type: "Task", End: true }, "/States/S: The field 'Resource' is required but was missing"],
    [{ ...TASK, TimeoutSeconds: 0 }, "/States/S/TimeoutSeconds: The value must be between 1 and 99999999"],
    [
      { ...TASK, TimeoutSeconds: 5, HeartbeatSeconds: 5 },
      "/States/S/HeartbeatSeconds: HeartbeatSeconds must be smaller than TimeoutSeconds",
    ],
    [
      { ...TASK, HeartbeatSeconds: 1, HeartbeatSecondsPath: "$.h" },
      "/States/S: Only one of these fields is allowed: [HeartbeatSeconds, HeartbeatSecondsPath]",
    ],
    [{ ...TASK, Credentials: {} }, "/States/S/Credentials: The field 'RoleArn' is required but was missing"],
    [{ ...TASK, Retry: [{ ErrorEquals: [] }] }, "/States/S/Retry/0/ErrorEquals: Value cannot be empty"],
    [
      { ...TASK, Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["A"] }] },
      "/States/S/Retry/0/ErrorEquals: States.ALL must appear alone, and in the last element of the list",
    ],
    [
      { ...TASK, Retry: [{ ErrorEquals: ["A"], BackoffRate: 0.5 }] },
      `/States/S/Retry/0/BackoffRate: The value must be between 1 and ${Number.MAX_VALUE}`,
    ],
    [
      { ...TASK, Retry: [{ ErrorEquals: ["A"], IntervalSeconds: 5, MaxDelaySeconds: 5 }] },
      "/States/S/Retry/0/MaxDelaySeconds: MaxDelaySeconds must be greater than IntervalSeconds",
    ],
    [
      { ...TASK, Retry: [{ ErrorEquals: ["A"], JitterStrategy: "SOME" }] },
      "/States/S/Retry/0/JitterStrategy: The field 'JitterStrategy' should have one of these values: [FULL, NONE]",
    ],
    [
      { Type: "Wait", End: true },
      "/States/S: Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]",
    ],
    [{ Type: "Wait", Seconds: -1, End: true }, "/States/S/Seconds: The value must be between 0 and 99999999"],
    [
      { Type: "Wait", Timestamp: "{% $now() %}", End: true },
      "/States/S/Timestamp: String does not match RFC3339 timestamp",
    ],
    [
      { Type: "Fail", Cause: "a", CausePath: "$.c" },
      "/States/S: Only one of these fields is allowed: [Cause, CausePath]",
    ],
    [{ Type: "Succeed", End: true }, "/States/S: The field 'End' is not supported by Step Functions"],
    [{ Type: "Parallel", Branches: [], End: true }, "/States/S/Branches: Value cannot be empty"],
    [{ Type: "Map", End: true }, "/States/S: The field 'ItemProcessor' is required but was missing"],
    [
      { Type: "Map", ItemProcessor: { ...INNER, ProcessorConfig: { Mode: "DISTRIBUTED" } }, End: true },
      "/States/S/ItemProcessor/ProcessorConfig: The field 'ExecutionType' is required but was missing",
    ],
    [
      { Type: "Map", ItemProcessor: INNER, ToleratedFailurePercentage: 101, End: true },
      "/States/S/ToleratedFailurePercentage: The value must be between 0 and 100",
    ],
    [
      { Type: "Map", ItemProcessor: INNER, ItemBatcher: {}, End: true },
      "/States/S/ItemBatcher: One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
    ],
    [
      { Type: "Map", ItemProcessor: { ...INNER, QueryLanguage: "JSONata" }, End: true },
      "/States/S/ItemProcessor: The field 'QueryLanguage' is not supported by Step Functions",
    ],
    [
      { Type: "Map", QueryLanguage: "JSONata", Items: "x", ItemProcessor: INNER, End: true },
      "/States/S/Items: Expected an array or a JSONata expression",
    ],
    [
      { ...PASS, QueryLanguage: "JSONata", Output: "10 %}" },
      "/States/S/Output: A JSONata expression must start with '{%' and end with '%}'",
    ],
    [
      { ...TASK, QueryLanguage: "JSONata", TimeoutSeconds: "soon" },
      "/States/S/TimeoutSeconds: Expected value of type Number or a JSONata expression",
    ],
  ])("%j is refused", (state, expected) => {
    expect(errorsOf(state)).toEqual([expected]);
  });

  it.each([
    "",
    "l".repeat(41),
    "a b",
    "a?",
    "a*",
    "a<",
    "a[",
    "a:",
    "a;",
    "a,",
    "a\\",
    "a|",
    "a^",
    "a~",
    "a$",
    "a#",
    "a%",
    "a&",
    "a`",
    'a"',
    "a\u0010",
    "a\u0085",
  ])("the label %j of a Distributed Map is refused", (label) => {
    const config = { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" };
    const errors = errorsOf({
      Type: "Map",
      ItemProcessor: { ...INNER, ProcessorConfig: config },
      Label: label,
      End: true,
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^\/States\/S\/Label: Label /);
  });

  it("only warns of what an inline Map ignores", () => {
    const source = aMachine({ S: { Type: "Map", ItemProcessor: INNER, Label: "l", End: true } });
    const { machine, diagnostics } = parseDefinition(source);
    expect(machine).not.toBeNull();
    expect(diagnostics).toMatchObject([{ severity: "WARNING", location: "/States/S/Label" }]);
  });
});

describe("a variable", () => {
  const branch = (assign: JsonObject, name = "B") => ({
    StartAt: name,
    States: { [name]: { ...PASS, Assign: assign } },
  });

  it("of an outer scope cannot be assigned in an inner one", () => {
    const states = {
      A: { Type: "Pass", Assign: { "x.$": "$", y: 1 }, Next: "P" },
      P: {
        Type: "Parallel",
        Branches: [
          branch({ z: 1 }),
          { StartAt: "M", States: { M: { Type: "Map", ItemProcessor: branch({ x: 2 }, "C"), End: true } } },
        ],
        End: true,
      },
    };
    expect(errorsIn(aMachine(states))).toEqual([
      "/States/P/Branches/1/States/M/ItemProcessor/States/C/Assign: The variable 'x' is already assigned in an outer scope",
    ]);
  });

  it("may have the same name in scopes that do not see each other", () => {
    const config = { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" } };
    expect(errorsOf({ Type: "Parallel", Branches: [branch({ x: 1 }), branch({ x: 1 }, "C")], End: true })).toEqual([]);
    expect(
      errorsOf({ Type: "Map", Assign: { x: 1 }, ItemProcessor: { ...branch({ x: 1 }), ...config }, End: true }),
    ).toEqual([]);
  });
});

describe("a Choice rule", () => {
  const errorsOfRule = (rule: JsonObject) =>
    errorsIn(aMachine({ C: { Type: "Choice", Choices: [rule] }, E: PASS })).filter((text) =>
      text.startsWith("/States/C"),
    );

  it.each<[JsonObject, string]>([
    [{ Variable: "$.a", Next: "E" }, "/States/C/Choices/0: A Choice Rule must have exactly one comparison operator"],
    [
      { Variable: "$.a", IsNull: true, IsString: true, Next: "E" },
      "/States/C/Choices/0: A Choice Rule must have exactly one comparison operator",
    ],
    [{ Variable: "$.a", IsNull: true }, "/States/C/Choices/0: The field 'Next' is required but was missing"],
    [{ IsNull: true, Next: "E" }, "/States/C/Choices/0: The field 'Variable' is required but was missing"],
    [{ Variable: "a", IsNull: true, Next: "E" }, "/States/C/Choices/0/Variable: The value must be a valid JSONPath"],
    [{ Variable: "$.a", IsNull: "yes", Next: "E" }, "/States/C/Choices/0/IsNull: Expected value of type Boolean"],
    [
      { Variable: "$.a", NumericEquals: "1", Next: "E" },
      "/States/C/Choices/0/NumericEquals: Expected value of type Number",
    ],
    [
      { Variable: "$.a", TimestampEquals: "today", Next: "E" },
      "/States/C/Choices/0/TimestampEquals: String does not match RFC3339 timestamp",
    ],
    [
      { Variable: "$.a", StringEqualsPath: "b", Next: "E" },
      "/States/C/Choices/0/StringEqualsPath: The value must be a valid JSONPath",
    ],
    [{ And: [], Next: "E" }, "/States/C/Choices/0/And: Value cannot be empty"],
    [
      { And: [{ Variable: "$.a", IsNull: true, Next: "E" }], Next: "E" },
      "/States/C/Choices/0/And/0: The field 'Next' is not supported by Step Functions",
    ],
    [{ Not: [], Next: "E" }, "/States/C/Choices/0/Not: Expected value of type Object"],
    [
      { Condition: "{% true %}", Next: "E" },
      "/States/C/Choices/0: A Choice Rule must have exactly one comparison operator",
    ],
  ])("%j is refused", (rule, expected) => {
    expect(errorsOfRule(rule)).toContain(expected);
  });
});

describe("an Express machine", () => {
  it.each([
    ["arn:aws:states:us-east-1:123456789012:activity:a", "Express state machine does not support Activity ARN"],
    [
      "arn:aws:states:::states:startExecution.sync:2",
      "Express state machine does not support '.sync:2' service integration",
    ],
    [
      "weft:llm:chat.waitForTaskToken",
      "Express state machine does not support '.waitForTaskToken' service integration",
    ],
  ])("refuses %s", (resource, message) => {
    expect(errorsOf({ ...TASK, Resource: resource }, {}, "EXPRESS")).toEqual([`/States/S/Resource: ${message}`]);
    expect(errorsOf({ ...TASK, Resource: resource })).toEqual([]);
  });

  it("binds the children of a Distributed Map that are Express", () => {
    const processor = {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
      ...aMachine({ T: { ...TASK, Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken" } }),
    };
    expect(errorsOf({ Type: "Map", ItemProcessor: processor, End: true })).toHaveLength(1);
  });
});

describe("one state by itself", () => {
  it("may name targets that are not there", () => {
    const { state, diagnostics } = parseState({ ...TASK, End: undefined as never, Next: "Elsewhere" });
    expect(diagnostics).toEqual([]);
    expect(state).toMatchObject({ type: "Task", next: "Elsewhere" });
  });

  it("is located by the name it is given", () => {
    expect(parseState({ Type: "Parallel", Branches: [], End: true }, "X").diagnostics).toMatchObject([
      { location: "/States/X/Branches", message: "Value cannot be empty" },
    ]);
  });
});
