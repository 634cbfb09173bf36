import * as z from "zod";

export const EvaluationQuery = z
  .strictObject({
    id: z.string().min(1).max(200),
    text: z.string().trim().min(1).max(10_000),
    relevant: z
      .record(z.string().min(1), z.number().min(0).max(10))
      .refine((grades) => Object.values(grades).some((grade) => grade > 0), { message: "names no relevant document" })
      .describe("Grade by document id or externalId."),
  })
  .meta({ id: "EvaluationQuery" });
export type EvaluationQuery = z.infer<typeof EvaluationQuery>;

export const EvaluationRequest = z
  .strictObject({
    queries: z.array(EvaluationQuery).min(1).max(5_000),
    k: z.int().min(1).max(100).default(10),
  })
  .meta({ id: "EvaluationRequest" });
export type EvaluationRequest = z.infer<typeof EvaluationRequest>;

const Metrics = z.strictObject({ ndcg: z.number(), recall: z.number(), mrr: z.number(), success: z.number() });

export const EvaluationResult = Metrics.extend({
  perQuery: z.array(Metrics.extend({ id: z.string(), retrieved: z.array(z.string()) })),
}).meta({ id: "EvaluationResult" });
export type EvaluationResult = z.infer<typeof EvaluationResult>;
