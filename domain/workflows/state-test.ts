import * as z from "zod";
import { Definition, WorkflowType } from "./workflow.ts";

/** JSON as a value, or as the text that Step Functions' clients send. */
const JsonOrText = z.union([z.string(), z.record(z.string(), z.json())]);

const Count = z.int().min(0);

export const TestState = z
  .strictObject({
    definition: Definition.meta({ description: "One state, or a whole definition with `stateName`" }),
    type: WorkflowType.optional(),
    stateName: z.string().min(1).max(80).optional(),
    input: z.json().optional(),
    variables: JsonOrText.optional(),
    context: JsonOrText.optional().meta({ description: "Takes the place of the context object" }),
    mock: z
      .strictObject({
        result: z.string().optional().meta({ description: "JSON text" }),
        errorOutput: z.strictObject({ error: z.string().optional(), cause: z.string().optional() }).optional(),
        fieldValidationMode: z.enum(["STRICT", "PRESENT", "NONE"]).optional(),
      })
      .refine((mock) => (mock.result === undefined) !== (mock.errorOutput === undefined), {
        message: "needs either result or errorOutput",
      })
      .optional(),
    stateConfiguration: z
      .strictObject({
        retrierRetryCount: Count.optional(),
        mapIterationFailureCount: Count.optional(),
        errorCausedByState: z.string().optional(),
        mapItemReaderData: z.string().optional(),
      })
      .optional(),
    inspectionLevel: z.enum(["INFO", "DEBUG", "TRACE"]).optional(),
    roleArn: z.string().optional(),
    revealSecrets: z.boolean().optional(),
  })
  .meta({
    id: "TestState",
    example: { definition: { Type: "Pass", Parameters: { "b.$": "$.a" }, End: true }, input: { a: 1 } },
  });
export type TestState = z.infer<typeof TestState>;

export const TestedState = z
  .object({
    status: z.enum(["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]),
    output: z.json().optional(),
    error: z.string().optional(),
    cause: z.string().optional(),
    nextState: z.string().optional(),
    inspectionData: z.record(z.string(), z.json()).optional(),
  })
  .meta({ id: "TestedState", description: "What one state does with its input, without a run" });
