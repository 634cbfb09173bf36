import { afterAll, describe, expect, it } from "vitest";
import type { Json } from "../../domain/kernel/json.ts";
import { type Diagnostic, validationMessage } from "../../domain/workflows/definition/diagnostic.ts";
import { parseDefinition, parseState } from "../../domain/workflows/definition/parse.ts";
import { type Case, loadCases } from "./asl/cases.ts";

// What AWS (or, where `recorded` is false, a community validator) says about a definition. Definitions of the recorded
// executions were accepted by AWS, so they count as valid.

type ValidatorCase = Case & {
  readonly scope?: "state";
  readonly recorded?: boolean;
  readonly expect: { readonly message?: string; readonly result?: string; readonly diagnostics?: readonly Json[] };
};

/**
 * Judgements of a community validator for definition files that we do not share: it refuses line breaks around an expression,
 * which every block of YAML has; and it accepts CloudFormation references as a Resource, which nothing could run.
 */
const NOT_SHARED = new Set([
  "validator/invalid-json-surround-syntax-extra-spaces",
  "validator/valid-task-intrisic-function",
]);

const cases = loadCases() as ValidatorCase[];

function diagnose(test: ValidatorCase): readonly Diagnostic[] {
  const source = test.definitionText ?? test.definition ?? null;
  const type = test.type ?? (test.id.includes("_express.") ? "EXPRESS" : "STANDARD");
  const isOneState = (test.scope === "state" || test.kind === "state") && test.definition?.States === undefined;
  return (isOneState ? parseState(source, "StateName", { type }) : parseDefinition(source, { type })).diagnostics;
}

function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "ERROR");
}

const table = new Map<string, { passed: number; total: number }>();

function counted(test: ValidatorCase, check: () => void): void {
  const row = table.get(`${test.kind} ${test.category}`) ?? { passed: 0, total: 0 };
  table.set(`${test.kind} ${test.category}`, row);
  row.total += 1;
  check();
  row.passed += 1;
}

// Straight to the terminal: the runner shows what a test logs only where it fails.
afterAll(() => {
  const rows = [...table].sort().map(([category, { passed, total }]) => `${category}: ${passed} of ${total}\n`);
  process.stdout.write(rows.join(""));
});

describe("the validator", () => {
  for (const test of cases.filter(({ kind, id }) => kind === "invalid" && !NOT_SHARED.has(id))) {
    it(`refuses ${test.id}`, () =>
      counted(test, () => {
        const diagnostics = diagnose(test);
        expect(errorsOf(diagnostics)).not.toEqual([]);
        if (test.expect.message !== undefined) expect(validationMessage(diagnostics)).toBe(test.expect.message);
      }));
  }

  for (const test of cases.filter(({ kind, id }) => kind === "valid" && !NOT_SHARED.has(id))) {
    it(`accepts ${test.id}`, () => counted(test, () => expect(errorsOf(diagnose(test))).toEqual([])));
  }

  for (const test of cases.filter(({ kind }) => kind === "validate")) {
    it(`answers as recorded to ${test.id}`, () =>
      counted(test, () => {
        const diagnostics = diagnose(test);
        expect(errorsOf(diagnostics).length > 0 ? "FAIL" : "OK").toBe(test.expect.result);
        expect(diagnostics).toEqual(test.expect.diagnostics);
      }));
  }

  it("accepts every definition that AWS ran", () => {
    for (const test of cases.filter(({ kind }) => kind === "execution" || kind === "state")) {
      counted(test, () => expect(errorsOf(diagnose(test)), test.id).toEqual([]));
    }
  });
});
