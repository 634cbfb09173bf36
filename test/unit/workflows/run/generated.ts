import fc from "fast-check";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";

// Machines that mean nothing and always end: every state keeps `items` in its output, so that a Map fits anywhere.

type Plan =
  | { kind: "pass" | "wait" | "choice" }
  | { kind: "task"; hasRetry: boolean; hasCatch: boolean; hasTimeout: boolean }
  | { kind: "parallel"; branches: Plan[][]; hasRetry: boolean }
  | { kind: "map"; inner: Plan[]; maxConcurrency: number; hasCatch: boolean };

const leaf: fc.Arbitrary<Plan> = fc.oneof(
  fc.constantFrom<Plan>({ kind: "pass" }, { kind: "wait" }, { kind: "choice" }),
  fc.record({
    kind: fc.constant("task" as const),
    hasRetry: fc.boolean(),
    hasCatch: fc.boolean(),
    hasTimeout: fc.boolean(),
  }),
);

const plan: fc.Memo<Plan> = fc.memo((depth) =>
  depth <= 1
    ? leaf
    : fc.oneof(
        { weight: 3, arbitrary: leaf },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant("parallel" as const),
            branches: fc.array(fc.array(plan(depth - 1), { minLength: 1, maxLength: 2 }), {
              minLength: 1,
              maxLength: 3,
            }),
            hasRetry: fc.boolean(),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant("map" as const),
            inner: fc.array(plan(depth - 1), { minLength: 1, maxLength: 2 }),
            maxConcurrency: fc.nat(2),
            hasCatch: fc.boolean(),
          }),
        },
      ),
);

export const INPUT: Json = { items: [1, 2, 3], n: 1 };

export const definitions: fc.Arbitrary<Json> = fc.array(plan(3), { minLength: 1, maxLength: 4 }).map((plans) => {
  let names = 0;
  const scope = (inner: readonly Plan[]): JsonObject => {
    const own = inner.map(() => `S${++names}`);
    const states: JsonObject = {};
    inner.forEach((one, i) => {
      const next: JsonObject = i + 1 < own.length ? { Next: own[i + 1] as string } : { End: true };
      Object.assign(states, stateOf(own[i] as string, one, next));
    });
    return { StartAt: own[0] as string, States: states };
  };
  const stateOf = (name: string, one: Plan, next: JsonObject): JsonObject => {
    const retry = [
      { ErrorEquals: ["Flaky", "States.Timeout"], IntervalSeconds: 2, MaxAttempts: 2, JitterStrategy: "FULL" },
    ];
    switch (one.kind) {
      case "pass":
        return { [name]: { Type: "Pass", Result: name, ResultPath: "$.last", Assign: { [`v${name}`]: 1 }, ...next } };
      case "wait":
        return { [name]: { Type: "Wait", Seconds: 5, ...next } };
      case "choice": {
        const after = `${name}After`;
        return {
          [name]: { Type: "Choice", Choices: [{ Variable: "$.n", NumericEquals: 1, Next: after }], Default: after },
          [after]: { Type: "Pass", ...next },
        };
      }
      case "task":
        return {
          [name]: {
            Type: "Task",
            Resource: "weft:function:call",
            Parameters: { name: "f", "payload.$": "$.n" },
            ResultPath: null,
            ...(one.hasTimeout && { TimeoutSeconds: 30 }),
            ...(one.hasRetry && { Retry: retry }),
            ...(one.hasCatch && {
              Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: `${name}Caught` }],
            }),
            ...next,
          },
          ...(one.hasCatch && { [`${name}Caught`]: { Type: "Pass", ...next } }),
        };
      case "parallel":
        return {
          [name]: {
            Type: "Parallel",
            Branches: one.branches.map(scope),
            ResultPath: "$.branches",
            ...(one.hasRetry && { Retry: retry }),
            ...next,
          },
        };
      case "map":
        return {
          [name]: {
            Type: "Map",
            ItemsPath: "$.items",
            ItemSelector: { "items.$": "$.items", "n.$": "$$.Map.Item.Value" },
            MaxConcurrency: one.maxConcurrency,
            ItemProcessor: scope(one.inner),
            ResultPath: null,
            ...(one.hasCatch && {
              Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: `${name}Caught` }],
            }),
            ...next,
          },
          ...(one.hasCatch && { [`${name}Caught`]: { Type: "Pass", ...next } }),
        };
    }
  };
  return scope(plans);
});

/** What happens around a run, one number a step. */
export const fates: fc.Arbitrary<number[]> = fc.array(fc.nat(999), { minLength: 40, maxLength: 160 });
