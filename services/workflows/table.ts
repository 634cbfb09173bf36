import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Json } from "../../domain/kernel/json.ts";
import type { AliasRoute } from "../../domain/workflows/alias.ts";
import type { EventFilter } from "../../domain/workflows/event-filter.ts";
import type { ReviewStatus } from "../../domain/workflows/review.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { MissedPolicy, OverlapPolicy } from "../../domain/workflows/schedule.ts";
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
    /** The Map state whose child the run is: such runs are listed with their parent only. */
    mapState: text(),
    /** The resource as the object told it. */
    run: text({ mode: "json" }).$type<Run>().notNull(),
    projectedAt: integer().notNull(),
    /** When an ended run leaves its object for the archive; null before its end and after the move. */
    archiveAt: integer(),
    archivedAt: integer(),
    /** What a trigger counts as usage: read from `run` it would cost a parse of the payloads. */
    statesEntered: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index("runs_by_time").on(table.tenantId, table.startedAt, table.id),
    index("runs_by_workflow").on(table.tenantId, table.workflow, table.startedAt, table.id),
    index("runs_by_status").on(table.tenantId, table.status, table.startedAt, table.id),
    index("runs_by_parent").on(table.tenantId, table.parentRunId, table.startedAt, table.id),
    index("runs_unfinished").on(table.status, table.projectedAt),
    index("runs_to_archive").on(table.archiveAt),
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

/** Named HTTPS endpoints that Task states call. */
export const functions = sqliteTable(
  "functions",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    url: text().notNull(),
    headerNames: text({ mode: "json" }).$type<string[]>().notNull(),
    /** JSON of the headers, sealed for `function/<tenant>/<name>`; so is the secret. */
    sealedHeaders: text(),
    sealedSecret: text(),
    timeoutSeconds: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);

/** Names for versions of a workflow, by weight. */
export const workflowAliases = sqliteTable(
  "workflow_aliases",
  {
    tenantId: text().notNull(),
    workflow: text().notNull(),
    alias: text().notNull(),
    description: text(),
    routes: text({ mode: "json" }).$type<AliasRoute[]>().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.workflow, table.alias] })],
);

/** Starts by the clock. What is to be is written by the API, what has been by the schedule's object. */
export const schedules = sqliteTable(
  "schedules",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    name: text().notNull(),
    workflow: text().notNull(),
    version: integer(),
    alias: text(),
    cron: text().notNull(),
    timezone: text().notNull(),
    input: text({ mode: "json" }).$type<Json>(),
    overlap: text().$type<OverlapPolicy>().notNull(),
    missed: text().$type<MissedPolicy>().notNull(),
    enabled: integer({ mode: "boolean" }).notNull(),
    /** Ticks after this time count: when the schedule was made, enabled or got another cron. */
    since: integer().notNull(),
    /** Null where no tick follows. */
    nextAt: integer(),
    lastAt: integer(),
    lastRunId: text(),
    lastError: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex("schedules_by_name").on(table.tenantId, table.name),
    index("schedules_by_age").on(table.tenantId, table.createdAt, table.id),
    index("schedules_due").on(table.enabled, table.nextAt),
  ],
);

/** Starts by events. What is to be is written by the API, what has been by the consumer of events. */
export const triggers = sqliteTable(
  "triggers",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    name: text().notNull(),
    eventType: text().notNull(),
    filter: text({ mode: "json" }).$type<EventFilter>(),
    workflow: text().notNull(),
    version: integer(),
    alias: text(),
    enabled: integer({ mode: "boolean" }).notNull(),
    lastEventId: text(),
    lastAt: integer(),
    lastRunId: text(),
    lastError: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex("triggers_by_name").on(table.tenantId, table.name),
    index("triggers_by_event").on(table.tenantId, table.eventType),
    index("triggers_by_age").on(table.tenantId, table.createdAt, table.id),
  ],
);

/** Events that a tenant's runs published, and what the platform tells about the tenant's own. */
export const publishedEvents = sqliteTable(
  "published_events",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    type: text().notNull(),
    data: text({ mode: "json" }).$type<Json>(),
    /** Empty: the platform published it. */
    runId: text().notNull(),
    /** How many runs led to it, one by one: what ends a workflow that triggers itself. */
    depth: integer().notNull().default(0),
    publishedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index("published_events_by_time").on(table.tenantId, table.publishedAt, table.id),
  ],
);

/** What Step Functions' clients say about a workflow beyond its definition, told back to them as it was said. */
export const stateMachines = sqliteTable(
  "state_machines",
  {
    tenantId: text().notNull(),
    workflow: text().notNull(),
    roleArn: text().notNull(),
    logging: text({ mode: "json" }).$type<Json>(),
    tracing: text({ mode: "json" }).$type<Json>(),
    tags: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.workflow] })],
);

/** What workers poll for. Which tasks wait rests in the activity's object. */
export const activities = sqliteTable(
  "activities",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    tags: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);

/** Versions that Step Functions' clients published. A withdrawn one starts no more runs. */
export const publishedVersions = sqliteTable(
  "published_versions",
  {
    tenantId: text().notNull(),
    workflow: text().notNull(),
    version: integer().notNull(),
    description: text(),
    publishedAt: integer().notNull(),
    withdrawnAt: integer(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.workflow, table.version] })],
);
