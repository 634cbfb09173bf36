import { isNotNull } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { isoTime } from "../../domain/kernel/time.ts";
import type { RouteCache } from "../../domain/llm/answer-cache.ts";
import type { Budget } from "../../domain/llm/budget.ts";
import type { DriftReport } from "../../domain/llm/drift.ts";
import type { ExperimentGuard, ExperimentStatus, Variant } from "../../domain/llm/experiment.ts";
import type { Finding, Guardrail, Stage } from "../../domain/llm/guardrail.ts";
import type {
  FallbackAnswer,
  Hedge,
  ModelRoute,
  RouteSettings,
  RouteStrategy,
  RouteTarget,
} from "../../domain/llm/model-route.ts";
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
    /** Whether the answer 429 speaks against the provider's health. */
    countsRateLimits: integer({ mode: "boolean" }).notNull().default(true),
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
    countsRateLimits: row.countsRateLimits,
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
    hedge: text({ mode: "json" }).$type<Hedge>(),
    cache: text({ mode: "json" }).$type<RouteCache>(),
    fallbackAnswer: text({ mode: "json" }).$type<FallbackAnswer>(),
    guardrails: text({ mode: "json" }).$type<Guardrail[]>(),
    budget: text({ mode: "json" }).$type<Budget>(),
    version: integer().notNull().default(1),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);
export type ModelRouteRow = typeof modelRoutes.$inferSelect;

/** Every route as it was and is. Rows are only added, and outlive the route: numbers are given once. */
export const modelRouteVersions = sqliteTable(
  "model_route_versions",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    /** Without the settings that came into being after it. */
    settings: text({ mode: "json" }).$type<Omit<RouteSettings, "hedge"> & Partial<RouteSettings>>().notNull(),
    restoredFrom: integer(),
    actorType: text().notNull(),
    actorId: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name, table.version] })],
);
export type ModelRouteVersionRow = typeof modelRouteVersions.$inferSelect;

export function settingsOfVersion({ settings }: ModelRouteVersionRow): RouteSettings {
  return { ...settings, hedge: settings.hedge ?? null };
}

export function toModelRoute({ name, version, createdAt, updatedAt, ...row }: ModelRouteRow): ModelRoute {
  return { name, ...toRouteSettings(row), version, createdAt: isoTime(createdAt), updatedAt: isoTime(updatedAt) };
}

export function toRouteSettings(
  row: Omit<ModelRouteRow, "name" | "version" | "createdAt" | "updatedAt">,
): RouteSettings {
  const { strategy, targets, retries, timeoutMs, hedge, guardrails, budget, cache, fallbackAnswer } = row;
  return { strategy, targets, retries, timeoutMs, hedge, guardrails: guardrails ?? [], budget, cache, fallbackAnswer };
}

/**
 * How a call to a model ended. `interrupted`: the provider broke off; `cancelled`: the caller left, or another target overtook this
 * one. All are metered.
 */
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
    routeVersion: integer(),
    /** The experiment that chose the target, and for which of its variants. */
    experimentId: text(),
    variant: text(),
    isStreamed: integer({ mode: "boolean" }).notNull(),
    promptTokens: integer().notNull(),
    cachedPromptTokens: integer().notNull(),
    completionTokens: integer().notNull(),
    /** The tokens were not told by the provider but estimated. */
    isEstimated: integer({ mode: "boolean" }).notNull(),
    costUsdMicros: integer().notNull(),
    /** False: the model's price is unknown, and the cost of 0 stands for that. */
    isPriced: integer({ mode: "boolean" }).notNull(),
    /** An answer from before in place of a call: equal, or similar. It cost nothing. */
    cache: text({ enum: ["hit", "semantic"] }),
    /** What the answer had cost when it was made. */
    savedUsdMicros: integer().notNull().default(0),
    finishReason: text(),
    /** The model, or a guardrail, declined to answer. */
    isRefusal: integer({ mode: "boolean" }).notNull().default(false),
    /** Code of the problem, when it failed. */
    problem: text(),
    startedAt: integer().notNull(),
    firstTokenMs: integer(),
    durationMs: integer().notNull(),
    actorType: text().notNull(),
    actorId: text().notNull(),
    runId: text(),
    runState: text(),
    /** Whose run it is. */
    workflow: text(),
    requestId: text().notNull(),
    traceId: text().notNull(),
  },
  (table) => [
    index("model_calls_by_time").on(table.tenantId, table.startedAt, table.id),
    index("model_calls_by_model").on(table.tenantId, table.provider, table.model, table.startedAt),
    // Few calls take part in one: the others need no entry.
    index("model_calls_by_experiment")
      .on(table.tenantId, table.experimentId, table.startedAt)
      .where(isNotNull(table.experimentId)),
    index("model_calls_by_request").on(table.tenantId, table.requestId),
  ],
);

/** Budgets of the tenant and of its API keys; a route's is a part of the route. */
export const budgets = sqliteTable(
  "llm_budgets",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    usdMicrosPerMonth: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);
export type BudgetRow = typeof budgets.$inferSelect;

/** The guardrails of all calls of a tenant. */
export const guardrailPolicies = sqliteTable("guardrail_policies", {
  tenantId: text().primaryKey(),
  guardrails: text({ mode: "json" }).$type<Guardrail[]>().notNull(),
  updatedAt: integer().notNull(),
});

/** What guardrails found in calls: kinds and counts, never content. */
export const guardrailDecisions = sqliteTable(
  "guardrail_decisions",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    at: integer().notNull(),
    requestId: text().notNull(),
    route: text(),
    stage: text().$type<Stage>().notNull(),
    guardrail: text().notNull(),
    action: text().$type<Finding["action"]>().notNull(),
    found: text({ mode: "json" }).$type<Record<string, number>>().notNull(),
  },
  (table) => [index("guardrail_decisions_by_time").on(table.tenantId, table.at, table.id)],
);

export const experiments = sqliteTable(
  "experiments",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    name: text().notNull(),
    route: text().notNull(),
    /** Of the route, when the experiment began. */
    routeVersion: integer(),
    variants: text({ mode: "json" }).$type<Variant[]>().notNull(),
    guard: text({ mode: "json" }).$type<ExperimentGuard>(),
    status: text().$type<ExperimentStatus>().notNull(),
    /** The variants that take no part any more, because they breached the guard. */
    rolledBack: text({ mode: "json" }).$type<string[]>().notNull(),
    /** The route while the experiment runs, so that a route has one at a time. */
    runningRoute: text(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    endedAt: integer(),
  },
  (table) => [
    uniqueIndex("experiments_running").on(table.tenantId, table.runningRoute),
    index("experiments_by_tenant").on(table.tenantId, table.createdAt, table.id),
  ],
);
export type ExperimentRow = typeof experiments.$inferSelect;

/** What people thought of answers. One actor has one opinion of one target. */
export const feedback = sqliteTable(
  "feedback",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    target: text().notNull(),
    rating: integer().notNull(),
    comment: text(),
    actorType: text().notNull(),
    actorId: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex("feedback_by_actor").on(table.tenantId, table.target, table.actorType, table.actorId),
    index("feedback_by_time").on(table.tenantId, table.createdAt, table.id),
  ],
);
export type FeedbackRow = typeof feedback.$inferSelect;

/** Where some answers lie in the space of an embedding, so that a drift of their meaning shows. No text is kept. */
export const answerSamples = sqliteTable(
  "answer_samples",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    /** `route@version`, or `provider/model` where no route was asked for. */
    subject: text().notNull(),
    vector: text({ mode: "json" }).$type<number[]>().notNull(),
    at: integer().notNull(),
  },
  (table) => [index("answer_samples_by_subject").on(table.tenantId, table.subject, table.at)],
);

/** The last word on each subject's drift, so that the same drift is told once a window. */
export const driftReports = sqliteTable(
  "drift_reports",
  {
    tenantId: text().notNull(),
    subject: text().notNull(),
    at: integer().notNull(),
    report: text({ mode: "json" }).$type<DriftReport>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.subject] })],
);
