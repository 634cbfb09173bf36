import * as z from "zod";
import { SearchConfiguration } from "../search.ts";

/** A search is three calls, a comparison asks each query twice, and one invocation may make 10,000 calls. */
export const MAX_EVALUATION_QUERIES = 1_500;

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
    queries: z
      .array(EvaluationQuery)
      .min(1)
      .max(MAX_EVALUATION_QUERIES)
      .refine((queries) => new Set(queries.map(({ id }) => id)).size === queries.length, {
        message: "two queries have the same id",
      }),
    k: z.int().min(1).max(100).default(10),
    configuration: SearchConfiguration.prefault({}),
    compareWith: SearchConfiguration.optional().describe("Asked the same queries, to be compared one by one."),
  })
  .meta({
    id: "EvaluationRequest",
    example: {
      queries: [{ id: "q1", text: "weeks of paid parental leave", relevant: { "leave-policy": 1 } }],
      compareWith: { mode: "keyword" },
    },
  });
export type EvaluationRequest = z.infer<typeof EvaluationRequest>;

const Metrics = z.strictObject({ ndcg: z.number(), recall: z.number(), mrr: z.number(), success: z.number() });

const Measurement = Metrics.extend({
  configuration: SearchConfiguration,
  latency: z.strictObject({ p50Ms: z.number(), p95Ms: z.number() }).describe("Of one search, several being in flight."),
  perQuery: z.array(Metrics.extend({ id: z.string(), retrieved: z.array(z.string()), latencyMs: z.number() })),
});
export type Measurement = z.infer<typeof Measurement>;

export const Comparison = z
  .strictObject({
    with: Measurement,
    ndcgGain: z.number().describe("nDCG of `with` less that of the configuration."),
    pValue: z
      .number()
      .describe("How often chance alone would make a difference this large: two-sided paired randomisation test."),
    wins: z.strictObject({ configuration: z.int(), with: z.int(), ties: z.int() }),
    perQuery: z.array(
      z.strictObject({ id: z.string(), ndcgGain: z.number(), winner: z.enum(["configuration", "with", "tie"]) }),
    ),
  })
  .meta({ id: "EvaluationComparison" });
export type Comparison = z.infer<typeof Comparison>;

export const EvaluationResult = Measurement.extend({
  knowledgeBaseId: z.string(),
  k: z.int(),
  unknownDocuments: z
    .array(z.string())
    .describe("What judgements name and the knowledge base does not hold: no search can find it. A hundred at most."),
  comparison: Comparison.optional(),
}).meta({ id: "EvaluationResult" });
export type EvaluationResult = z.infer<typeof EvaluationResult>;
