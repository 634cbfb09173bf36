import * as z from "zod";

export const WorkflowType = z.enum(["STANDARD", "EXPRESS"]).meta({ id: "WorkflowType" });
export type WorkflowType = z.infer<typeof WorkflowType>;

/** The field's limit (ASL: 80 characters), and what stands safely in a path, an object's name and an ARN. */
export const WorkflowName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/,
    "has 1 to 80 letters, digits, dots, dashes and underscores, beginning with a letter or digit",
  )
  .meta({ example: "answer-with-approval" });

/** Amazon States Language as an object, or as its JSON text. */
export const Definition = z
  .union([z.string().min(1), z.record(z.string(), z.json())])
  .meta({ description: "Amazon States Language: the object, or its JSON text" });
export type Definition = z.infer<typeof Definition>;

export const PutWorkflow = z
  .strictObject({
    definition: Definition,
    description: z.string().max(1_000).optional(),
    type: WorkflowType.optional(),
  })
  .meta({ id: "PutWorkflow" });
export type PutWorkflow = z.infer<typeof PutWorkflow>;

export const Workflow = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.int(),
    type: WorkflowType,
    description: z.string().nullable(),
    definition: z.record(z.string(), z.json()),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Workflow", description: "One immutable version of a workflow" });
export type Workflow = z.infer<typeof Workflow>;

export const WorkflowVersion = Workflow.extend({
  aliases: z
    .array(z.object({ alias: z.string(), weight: z.int() }))
    .meta({ description: "The aliases that lead to this version, and how much of their starts" }),
}).meta({ id: "WorkflowVersion" });
export type WorkflowVersion = z.infer<typeof WorkflowVersion>;

export const DefinitionDiagnostic = z
  .object({
    severity: z.enum(["ERROR", "WARNING"]),
    code: z.string(),
    message: z.string(),
    location: z.string().optional(),
  })
  .meta({ id: "Diagnostic" });

export const ValidationReport = z
  .object({ result: z.enum(["OK", "FAIL"]), diagnostics: z.array(DefinitionDiagnostic) })
  .meta({ id: "ValidationReport" });
export type ValidationReport = z.infer<typeof ValidationReport>;

export const StartRunInput = z
  .strictObject({
    input: z.json().optional(),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,80}$/, "has 1 to 80 letters, digits, dots, dashes and underscores")
      .optional(),
    version: z.int().positive().optional(),
    alias: z.string().min(1).max(80).optional(),
  })
  .refine((input) => input.version === undefined || input.alias === undefined, {
    path: ["alias"],
    message: "version and alias exclude each other",
  })
  .meta({ id: "StartRun", example: { input: { question: "How many days of parental leave are paid?" } } });
export type StartRunInput = z.infer<typeof StartRunInput>;
