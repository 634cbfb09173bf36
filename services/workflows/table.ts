import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Json } from "../../domain/kernel/json.ts";
import type { ReviewStatus } from "../../domain/workflows/review.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { WorkflowType } from "../../domain/workflows/workflow.ts";

/** A workflow by name. `version` is the newest; versions themselves never change. Times in milliseconds. */
export const workflows = sqliteTable(
  "workflows",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    id: text().notNull(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** A deleted workflow takes no new runs; its runs go on and stay readable. */
    deletedAt: integer(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] }), uniqueIndex("workflows_by_id").on(table.id)],
);

export const workflowVersions = sqliteTable(
  "workflow_versions",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    type: text().$type<WorkflowType>().notNull(),
    description: text(),
    definition: text().notNull(),
    /** SHA-256 of canonical definition, type and description: an equal PUT makes no new version. */
    digest: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name, table.version] })],
);

/** Read model of runs, written by the projection alone. */
export const runs = sqliteTable(
  "runs",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    workflow: text().notNull(),
    status: text().$type<Run["status"]>().notNull(),
    seq: integer().notNull(),
    startedAt: integer().notNull(),
    stoppedAt: integer(),
    parentRunId: text(),
    /** The resource as the object told it. */
    run: text({ mode: "json" }).$type<Run>().notNull(),
    projectedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index("runs_by_time").on(table.tenantId, table.startedAt, table.id),
    index("runs_by_workflow").on(table.tenantId, table.workflow, table.startedAt, table.id),
    index("runs_by_status").on(table.tenantId, table.status, table.startedAt, table.id),
    index("runs_unfinished").on(table.status, table.projectedAt),
  ],
);

/** Read model of reviews. */
export const reviews = sqliteTable(
  "reviews",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    runId: text().notNull(),
    workflow: text().notNull(),
    state: text().notNull(),
    title: text().notNull(),
    payload: text({ mode: "json" }).$type<Json>(),
    assigneeRole: text(),
    dueAt: integer(),
    status: text().$type<ReviewStatus>().notNull(),
    requestedAt: integer().notNull(),
    output: text({ mode: "json" }).$type<Json>(),
    comment: text(),
    decidedBy: text(),
    decidedAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index("reviews_by_status").on(table.tenantId, table.status, table.requestedAt, table.id),
    index("reviews_by_time").on(table.tenantId, table.requestedAt, table.id),
  ],
);
