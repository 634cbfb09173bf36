import * as z from "zod";

const Milliseconds = z.int().nullable();

export const ModelPerformance = z
  .strictObject({
    provider: z.string(),
    model: z.string(),
    calls: z.int().describe("Calls that reached the model; cached answers are not among them."),
    failures: z.int().describe("Of these: failed, or broken off by the provider."),
    errorRate: z.number(),
    latencyMs: z.strictObject({ p50: Milliseconds, p95: Milliseconds, p99: Milliseconds }),
    firstTokenMs: z.strictObject({ p50: Milliseconds, p95: Milliseconds }).describe("Of streams."),
    promptTokens: z.int(),
    completionTokens: z.int(),
    costUsdMicros: z.int(),
    cacheHits: z.int().describe("Answers given again without a call."),
    hitRate: z.number().describe("Cached answers, of all answers."),
    savedUsdMicros: z.int(),
  })
  .meta({
    id: "ModelPerformance",
    example: {
      provider: "openai",
      model: "gpt-5-mini",
      calls: 1_200,
      failures: 3,
      errorRate: 0.0025,
      latencyMs: { p50: 820, p95: 2_400, p99: 4_100 },
      firstTokenMs: { p50: 310, p95: 900 },
      promptTokens: 480_000,
      completionTokens: 96_000,
      costUsdMicros: 312_000,
      cacheHits: 300,
      hitRate: 0.2,
      savedUsdMicros: 78_000,
    },
  });
export type ModelPerformance = z.infer<typeof ModelPerformance>;

/** The rank (1-based) of a percentile among `count` values in rising order: the nearest-rank method. */
export function percentileRank(count: number, percentile: number): number {
  return Math.max(1, Math.ceil((percentile / 100) * count));
}
