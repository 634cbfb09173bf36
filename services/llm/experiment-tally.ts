import { and, count, eq, isNotNull, sql } from "drizzle-orm";
import type { VariantTally } from "../../domain/llm/experiment-results.ts";
import { sampleOf } from "../../domain/llm/significance.ts";
import type { PlatformContext } from "../context.ts";
import { feedback, modelCalls } from "./table.ts";

const NOTHING = sampleOf(0, 0, 0);
const NO_CALLS: VariantTally = {
  calls: 0,
  routeVersions: [],
  errors: 0,
  refusals: 0,
  latencyMs: NOTHING,
  costUsdMicros: NOTHING,
  rating: NOTHING,
};

/** What the bill and the feedback say of each variant. Answers from the cache say nothing of a model, nor do callers that left. */
export async function tallyOf(
  { db }: PlatformContext,
  tenantId: string,
  experimentId: string,
): Promise<(variant: string) => VariantTally> {
  const taken = and(
    eq(modelCalls.tenantId, tenantId),
    eq(modelCalls.experimentId, experimentId),
    isNotNull(modelCalls.variant),
    sql`${modelCalls.cache} is null`,
    sql`${modelCalls.status} <> 'cancelled'`,
  );
  const [calls, ratings] = await db.batch([
    db
      .select({
        variant: modelCalls.variant,
        calls: count(),
        routeVersions: sql<string | null>`group_concat(distinct ${modelCalls.routeVersion})`,
        answered: number(sql`sum(${modelCalls.status} = 'succeeded')`),
        refusals: number(sql`sum(${modelCalls.isRefusal})`),
        ms: ofAnswered(sql`${modelCalls.durationMs}`),
        msSquares: ofAnswered(sql`${modelCalls.durationMs} * ${modelCalls.durationMs}`),
        usdMicros: ofAnswered(sql`${modelCalls.costUsdMicros}`),
        usdMicrosSquares: ofAnswered(sql`${modelCalls.costUsdMicros} * ${modelCalls.costUsdMicros}`),
      })
      .from(modelCalls)
      .where(taken)
      .groupBy(modelCalls.variant),
    db
      .select({
        variant: modelCalls.variant,
        count: count(),
        sum: number(sql`sum(${feedback.rating})`),
        squares: number(sql`sum(${feedback.rating} * ${feedback.rating})`),
      })
      .from(feedback)
      .innerJoin(modelCalls, and(eq(modelCalls.tenantId, feedback.tenantId), eq(modelCalls.requestId, feedback.target)))
      // Where a stand-in answered after a failure, its rating is not the variant's.
      .where(and(eq(feedback.tenantId, tenantId), taken, eq(modelCalls.status, "succeeded")))
      .groupBy(modelCalls.variant),
  ]);
  return (variant) => {
    const row = calls.find((found) => found.variant === variant);
    const rated = ratings.find((found) => found.variant === variant);
    if (row === undefined) return NO_CALLS;
    return {
      calls: row.calls,
      routeVersions: numbersOf(row.routeVersions),
      errors: row.calls - row.answered,
      refusals: row.refusals,
      latencyMs: sampleOf(row.answered, row.ms, row.msSquares),
      costUsdMicros: sampleOf(row.answered, row.usdMicros, row.usdMicrosSquares),
      rating: rated === undefined ? NOTHING : sampleOf(rated.count, rated.sum, rated.squares),
    };
  };
}

function ofAnswered(value: ReturnType<typeof sql>) {
  // `total` adds as floating point: squares of many calls must not overflow an integer.
  return number(sql`total(case when ${modelCalls.status} = 'succeeded' then ${value} end)`);
}

function numbersOf(list: string | null): number[] {
  return list === null
    ? []
    : list
        .split(",")
        .map(Number)
        .sort((a, b) => a - b);
}

function number(expression: ReturnType<typeof sql>) {
  return sql<number>`coalesce(${expression}, 0)`.mapWith(Number);
}
