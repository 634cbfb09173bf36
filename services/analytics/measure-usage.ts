import { and, eq, gte, lte, sum } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { UsageSums } from "../../domain/analytics/meter.ts";
import { type Usage, type UsageGroup, usageOf } from "../../domain/analytics/usage.ts";
import {
  dateOf,
  tooManyGroups,
  type UsageDays,
  type UsageKey,
  type UsageQuery,
  usageDaysOf,
} from "../../domain/analytics/usage-query.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { usageDays } from "./table.ts";

const SUMS = {
  calls: total(usageDays.calls),
  failures: total(usageDays.failures),
  inputTokens: total(usageDays.inputTokens),
  cachedInputTokens: total(usageDays.cachedInputTokens),
  outputTokens: total(usageDays.outputTokens),
  estimatedCalls: total(usageDays.estimatedCalls),
  estimatedInputTokens: total(usageDays.estimatedInputTokens),
  estimatedOutputTokens: total(usageDays.estimatedOutputTokens),
  costUsdMicros: total(usageDays.costUsdMicros),
  unpricedCalls: total(usageDays.unpricedCalls),
  cacheHits: total(usageDays.cacheHits),
  savedUsdMicros: total(usageDays.savedUsdMicros),
  runs: total(usageDays.runs),
  mapChildRuns: total(usageDays.mapChildRuns),
  stateTransitions: total(usageDays.stateTransitions),
  documents: total(usageDays.documents),
  chunks: total(usageDays.chunks),
} satisfies Record<keyof UsageSums, unknown>;

/** What the tenant used of each meter, and by whatever else it is asked for. */
export async function measureUsage(ctx: ServiceContext, { groupBy, ...span }: UsageQuery): Promise<Usage> {
  requirePermission(ctx, "usage:read");
  const days = usageDaysOf(span, groupBy, ctx.clock.now());
  return usageOf(await usageGroups(ctx, groupBy, days), groupBy, days);
}

/** An answer of some megabytes. */
const MAX_GROUPS = 10_000;

/** The sums of every kind of use, under each value of the keys. */
export async function usageGroups(
  ctx: ServiceContext,
  keys: readonly UsageKey[],
  days: UsageDays,
): Promise<UsageGroup[]> {
  const groups: UsageGroup[] = await ctx.db
    .select({ kind: usageDays.kind, ...Object.fromEntries(keys.map((key) => [key, usageDays[key]])), ...SUMS })
    .from(usageDays)
    .where(
      and(
        eq(usageDays.tenantId, ctx.tenant.id),
        gte(usageDays.day, dateOf(days.from)),
        lte(usageDays.day, dateOf(days.to - 1)),
      ),
    )
    .groupBy(usageDays.kind, ...keys.map((key) => usageDays[key]))
    .limit(MAX_GROUPS + 1);
  if (groups.length > MAX_GROUPS) throw tooManyGroups(MAX_GROUPS);
  return groups;
}

function total(column: SQLiteColumn) {
  return sum(column).mapWith(Number);
}
