import * as z from "zod";
import { BannedPattern } from "./guardrail-pattern.ts";
import { PiiKind } from "./pii.ts";

// What a tenant wants looked at in what goes to a model and in what comes back.
//   G1  `block` keeps the text from going on, `redact` puts marks in place of what was found, `flag` lets it pass and notes it.
//   G2  guardrails are applied in their order, each to what the one before has left.
//   G3  what is noted of a decision are kinds and counts, never a part of the text.

const Stage = z.enum(["input", "output"]);
export type Stage = z.infer<typeof Stage>;

const on = z
  .enum(["input", "output", "both"])
  .default("both")
  .describe("Of a call: what it sends, what it gets, or both.");
const anyAction = z.enum(["block", "redact", "flag"]);
const hardAction = z.enum(["block", "flag"]).default("block");
const length = z.int().min(1).max(10_000_000).optional();

const Size = z
  .strictObject({
    type: z.literal("size"),
    maxInputCharacters: length,
    maxOutputCharacters: length,
    action: hardAction,
  })
  .refine(
    ({ maxInputCharacters, maxOutputCharacters }) => (maxInputCharacters ?? maxOutputCharacters) !== undefined,
    "must bound the input or the output",
  );
const BannedContent = z.strictObject({
  type: z.literal("banned-content"),
  patterns: z.array(BannedPattern).min(1).max(200),
  on,
  action: anyAction.default("block"),
});
const Pii = z.strictObject({
  type: z.literal("pii"),
  kinds: z.array(PiiKind).min(1).optional().describe("All kinds where absent."),
  on,
  action: anyAction.default("redact"),
});
const PromptInjection = z.strictObject({
  type: z.literal("prompt-injection"),
  threshold: z.int().min(1).max(100).default(60).describe("Of 100; lower finds more, and is wrong more often."),
  action: hardAction,
});
const JsonSchema = z.strictObject({
  type: z.literal("json-schema"),
  schema: z
    .record(z.string(), z.json())
    .optional()
    .describe("What every answer must match; where absent, the schema of the request's `response_format`."),
  repair: z.boolean().default(true).describe("Ask the model once to mend an answer that does not match."),
  action: hardAction,
});

const Moderation = z.strictObject({
  type: z.literal("moderation"),
  model: z
    .string()
    .regex(/^[^/]+\/./, "must be provider/model")
    .max(256)
    .describe("Is asked whether a text breaks the policy."),
  policy: z.string().min(1).max(2_000),
  on,
  action: hardAction,
});

export const Guardrail = z
  .discriminatedUnion("type", [Size, BannedContent, Pii, PromptInjection, JsonSchema, Moderation])
  .meta({
    id: "Guardrail",
    description: "A check of what goes to a model and of what comes back",
    example: { type: "pii", kinds: ["email", "card"], on: "both", action: "redact" },
  });
export type Guardrail = z.infer<typeof Guardrail>;
export type GuardAction = z.infer<typeof anyAction>;

export const Guardrails = z.array(Guardrail).max(20);

export const GuardrailPolicy = z.strictObject({ guardrails: Guardrails }).meta({
  id: "GuardrailPolicy",
  description: "The guardrails of every call of the tenant, before those of its route",
});
export type GuardrailPolicy = z.infer<typeof GuardrailPolicy>;

export const GuardrailDecision = z
  .strictObject({
    id: z.string(),
    at: z.iso.datetime(),
    requestId: z.string(),
    route: z.string().nullable(),
    stage: Stage,
    guardrail: z.string(),
    action: z.enum([...anyAction.options, "repair"]),
    found: z.record(z.string(), z.int()).describe("How often each kind was found; never what was found."),
  })
  .meta({ id: "GuardrailDecision" });
export type GuardrailDecision = z.infer<typeof GuardrailDecision>;

/** One guardrail that had something to say. */
export interface Finding {
  guardrail: Guardrail["type"];
  action: GuardAction | "repair";
  found: Record<string, number>;
}
