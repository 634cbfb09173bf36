import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { UsageKind } from "../../domain/analytics/meter.ts";

const count = () => integer().notNull().default(0);

/**
 * What was used, by day (UTC): a million calls are read as some thousand rows. Triggers add to it with each row that tells of use
 * (migrations/0023_usage_triggers.sql), so it can neither miss one nor count one twice. Empty text: nothing of the kind is known.
 */
export const usageDays = sqliteTable(
  "usage_days",
  {
    tenantId: text().notNull(),
    /** YYYY-MM-DD. */
    day: text().notNull(),
    kind: text().$type<UsageKind>().notNull(),
    /** `provider/model`. */
    model: text().notNull().default(""),
    /** Who asked: a user or an API key. */
    user: text().notNull().default(""),
    /** Whose run asked, or was started. */
    workflow: text().notNull().default(""),
    calls: count(),
    /** Of the calls: failed, or broken off by the provider. */
    failures: count(),
    inputTokens: count(),
    /** Of the input tokens: those that the provider had in its own cache. */
    cachedInputTokens: count(),
    outputTokens: count(),
    /** Of the calls and tokens: those whose tokens the provider did not tell. */
    estimatedCalls: count(),
    estimatedInputTokens: count(),
    estimatedOutputTokens: count(),
    costUsdMicros: count(),
    /** Of the calls: those whose cost is not known and counts as 0. */
    unpricedCalls: count(),
    cacheHits: count(),
    savedUsdMicros: count(),
    runs: count(),
    mapChildRuns: count(),
    stateTransitions: count(),
    documents: count(),
    chunks: count(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.day, table.kind, table.model, table.user, table.workflow] }),
  ],
);
