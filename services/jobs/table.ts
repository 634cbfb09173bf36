import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TaskStatus, TaskType } from "../../domain/jobs/message.ts";

/**
 * The outbox, the job list and the dead letters in one: a row is written in the commit that asks for the work, the queue only
 * rings for it, and the row says how far it came. Times in milliseconds.
 */
export const tasks = sqliteTable(
  "tasks",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    type: text().$type<TaskType>().notNull(),
    payload: text({ mode: "json" }).$type<unknown>().notNull(),
    status: text().$type<TaskStatus>().notNull(),
    attempts: integer().notNull().default(0),
    /** Not before this time; while running, the time at which the lease of the consumer ends. */
    availableAt: integer().notNull(),
    cause: text(),
    createdAt: integer().notNull(),
    finishedAt: integer(),
  },
  (table) => [
    index("tasks_due").on(table.status, table.availableAt),
    index("tasks_by_tenant").on(table.tenantId, table.createdAt, table.id),
  ],
);

/** Queue messages that no consumer could read, with their raw body. */
export const unreadableMessages = sqliteTable("unreadable_messages", {
  id: text().primaryKey(),
  body: text().notNull(),
  cause: text().notNull(),
  createdAt: integer().notNull(),
});

/** Answers kept for replay (draft-ietf-httpapi-idempotency-key-header-07). `principal` is who may replay. */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    tenantId: text().notNull(),
    principal: text().notNull(),
    key: text().notNull(),
    fingerprint: text().notNull(),
    /** While the first request runs, the time at which its lease ends. */
    leaseUntil: integer(),
    status: integer(),
    headers: text({ mode: "json" }).$type<Record<string, string>>(),
    body: text(),
    createdAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.principal, table.key] }),
    index("idempotency_keys_by_age").on(table.createdAt),
  ],
);

/**
 * Never holds a row. A trigger refuses an insert of 0 and ignores any other, so `insert into commit_guard select changes()`
 * after a write undoes the whole batch when that write changed nothing.
 */
export const commitGuard = sqliteTable("commit_guard", { changed: integer().notNull() });
