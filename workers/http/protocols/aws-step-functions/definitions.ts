import * as z from "zod";
import type { JsonObject } from "../../../../domain/kernel/json.ts";
import { TestState } from "../../../../domain/workflows/state-test.ts";
import { requirePermission } from "../../../../services/context.ts";
import { validateDefinition } from "../../../../services/workflows/put-workflow.ts";
import { testState as test } from "../../../../services/workflows/test-state.ts";
import { action } from "./action.ts";
import { limitOf, MaxResults } from "./arns.ts";
import { definitionChecked } from "./aws-error.ts";
import { jsonInput } from "./payload.ts";

export const validateStateMachineDefinition = action(
  z.object({
    definition: z.string().min(1).max(1_048_576),
    type: z.enum(["STANDARD", "EXPRESS"]).nullish(),
    severity: z.enum(["ERROR", "WARNING"]).nullish(),
    maxResults: MaxResults,
  }),
  async (ctx, { definition, type, severity, maxResults }) => {
    requirePermission(ctx, "workflows:read");
    const { result, diagnostics } = validateDefinition(definition, type ?? "STANDARD");
    const told = diagnostics.filter((diagnostic) => severity === "WARNING" || diagnostic.severity === "ERROR");
    const limit = limitOf(maxResults);
    return { result, diagnostics: told.slice(0, limit), truncated: told.length > limit };
  },
);

const Text = z.string().max(262_144);

export const testState = action(
  z.object({
    definition: z.string().min(1).max(1_048_576),
    roleArn: z.string().nullish(),
    input: Text.nullish(),
    stateName: z.string().nullish(),
    variables: Text.nullish(),
    context: Text.nullish(),
    inspectionLevel: z.enum(["INFO", "DEBUG", "TRACE"]).nullish(),
    mock: TestState.shape.mock.unwrap().nullish(),
    stateConfiguration: TestState.shape.stateConfiguration.unwrap().nullish(),
  }),
  async (ctx, { input, ...asked }) => {
    const request = Object.fromEntries(
      Object.entries(asked).filter(([, value]) => value !== null && value !== undefined),
    );
    const tested = await definitionChecked(() =>
      test(ctx, { ...(request as Omit<TestState, "input">), input: jsonInput(input ?? "{}") }),
    );
    const { output, inspectionData, ...rest } = tested;
    return {
      ...rest,
      ...(output !== undefined && { output: JSON.stringify(output) }),
      ...(inspectionData !== undefined && { inspectionData: inTexts(inspectionData) }),
    };
  },
);

/** Counts are numbers and details are objects; every other member of the inspection is JSON text. */
function inTexts(inspectionData: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(inspectionData).map(([name, value]) => [name, AS_IT_IS.has(name) ? value : JSON.stringify(value)]),
  );
}

const AS_IT_IS = new Set(["maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage", "errorDetails"]);
