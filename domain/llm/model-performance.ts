import * as z from "zod";

const Milliseconds = z.int().nullable();

const shared = {
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
  rating: z.strictObject({ mean: z.number().nullable(), count: z.int() }).describe("By `POST /v1/feedback`."),
  drift: z
    .strictObject({ hasDrifted: z.boolean(), at: z.iso.datetime() })
    .nullable()
    .describe("The last look at it, if there was one."),
};

export const RouteVersionPerformance = z.strictObject({ route: z.string(), version: z.int(), ...shared });

export const ModelPerformance = z
  .strictObject({
    provider: z.string(),
    model: z.string(),
    ...shared,
    routeVersions: z
      .array(RouteVersionPerformance)
      .describe("The calls that came through model routes, by the version of the route."),
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
      rating: { mean: 4.2, count: 61 },
      drift: { hasDrifted: false, at: "2026-11-22T10:00:00.000Z" },
      routeVersions: [],
    },
  });
export type ModelPerformance = z.infer<typeof ModelPerformance>;

export type Performance = Omit<z.infer<typeof RouteVersionPerformance>, "route" | "version">;

/** What is added up over calls. */
export interface CallSums {
  calls: number;
  failures: number;
  promptTokens: number;
  completionTokens: number;
  costUsdMicros: number;
  cacheHits: number;
  savedUsdMicros: number;
  ratings: number;
  ratingSum: number;
}

export interface CallTimes {
  durationMs: number;
  firstTokenMs: number | null;
}

/** Of all parts together. */
export function performanceOf(
  parts: readonly CallSums[],
  times: readonly CallTimes[],
  drift: Performance["drift"],
): Performance {
  const sum = (member: keyof CallSums) => parts.reduce((total, part) => total + part[member], 0);
  const [calls, failures, cacheHits, ratings] = [sum("calls"), sum("failures"), sum("cacheHits"), sum("ratings")];
  const latency = rising(times.map(({ durationMs }) => durationMs));
  const first = rising(times.flatMap(({ firstTokenMs }) => (firstTokenMs === null ? [] : [firstTokenMs])));
  return {
    calls,
    failures,
    errorRate: calls === 0 ? 0 : failures / calls,
    latencyMs: { p50: at(latency, 50), p95: at(latency, 95), p99: at(latency, 99) },
    firstTokenMs: { p50: at(first, 50), p95: at(first, 95) },
    promptTokens: sum("promptTokens"),
    completionTokens: sum("completionTokens"),
    costUsdMicros: sum("costUsdMicros"),
    cacheHits,
    hitRate: cacheHits === 0 ? 0 : cacheHits / (cacheHits + calls - failures),
    savedUsdMicros: sum("savedUsdMicros"),
    rating: { mean: ratings === 0 ? null : sum("ratingSum") / ratings, count: ratings },
    drift,
  };
}

function rising(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], percentile: number): number | null {
  return values[percentileRank(values.length, percentile) - 1] ?? null;
}

/** The rank (1-based) of a percentile among `count` values in rising order: the nearest-rank method. */
export function percentileRank(count: number, percentile: number): number {
  return Math.max(1, Math.ceil((percentile / 100) * count));
}
