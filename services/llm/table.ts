import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ModelRoute, RouteStrategy, RouteTarget } from "../../domain/llm/model-route.ts";
import type { Price } from "../../domain/llm/price.ts";
import type { Provider, ProviderKind } from "../../domain/llm/provider.ts";

// Times in milliseconds.

export const providers = sqliteTable(
  "providers",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    kind: text().$type<ProviderKind>().notNull(),
    baseUrl: text(),
    /** Sealed for `provider/<tenant>/<name>`. */
    sealedApiKey: text(),
    timeoutMs: integer().notNull(),
    prices: text({ mode: "json" }).$type<Record<string, Price>>().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);
export type ProviderRow = typeof providers.$inferSelect;

export function toProvider(row: ProviderRow): Provider {
  return {
    name: row.name,
    kind: row.kind,
    baseUrl: row.baseUrl,
    hasApiKey: row.sealedApiKey !== null,
    timeoutMs: row.timeoutMs,
    prices: row.prices,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}

export const modelRoutes = sqliteTable(
  "model_routes",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    strategy: text().$type<RouteStrategy>().notNull(),
    targets: text({ mode: "json" }).$type<RouteTarget[]>().notNull(),
    retries: integer(),
    timeoutMs: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);
export type ModelRouteRow = typeof modelRoutes.$inferSelect;

export function toModelRoute({ tenantId: _, ...row }: ModelRouteRow): ModelRoute {
  return { ...row, createdAt: isoTime(row.createdAt), updatedAt: isoTime(row.updatedAt) };
}

/** How a call to a model ended. `interrupted`: the provider broke off; `cancelled`: the caller left. Both are metered. */
export const CALL_STATUSES = ["succeeded", "failed", "interrupted", "cancelled"] as const;

/** The bill: one row for every call to a model. The id follows from the idempotency key where there is one, so a repeat adds none. */
export const modelCalls = sqliteTable(
  "model_calls",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    kind: text({ enum: ["chat", "embedding"] }).notNull(),
    status: text({ enum: CALL_STATUSES }).notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    /** The model route that was asked for, when it was one. */
    route: text(),
    isStreamed: integer({ mode: "boolean" }).notNull(),
    promptTokens: integer().notNull(),
    cachedPromptTokens: integer().notNull(),
    completionTokens: integer().notNull(),
    /** The tokens were not told by the provider but estimated. */
    isEstimated: integer({ mode: "boolean" }).notNull(),
    costUsdMicros: integer().notNull(),
    /** False: the model's price is unknown, and the cost of 0 stands for that. */
    isPriced: integer({ mode: "boolean" }).notNull(),
    finishReason: text(),
    /** Code of the problem, when it failed. */
    problem: text(),
    startedAt: integer().notNull(),
    firstTokenMs: integer(),
    durationMs: integer().notNull(),
    actorType: text().notNull(),
    actorId: text().notNull(),
    runId: text(),
    runState: text(),
    requestId: text().notNull(),
    traceId: text().notNull(),
  },
  (table) => [
    index("model_calls_by_time").on(table.tenantId, table.startedAt, table.id),
    index("model_calls_by_model").on(table.tenantId, table.provider, table.model, table.startedAt),
    index("model_calls_by_run").on(table.tenantId, table.runId),
  ],
);
