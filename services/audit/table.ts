import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The audit log: append-only, by trigger. Times in milliseconds. */
export const auditEntries = sqliteTable(
  "audit_entries",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    at: integer().notNull(),
    action: text().notNull(),
    actorType: text().notNull(),
    actorId: text().notNull(),
    targetType: text(),
    targetId: text(),
    ip: text(),
    userAgent: text(),
    requestId: text().notNull(),
    /** What changed, secrets masked: `{before?, after?}` or fields of the act. */
    details: text({ mode: "json" }).$type<Record<string, unknown>>(),
    /** What the entry tells about a person, sealed with the person's key: services/personal.ts. */
    personal: text(),
    /** A code over the entry's text with a key that is not in the database. */
    proof: text(),
  },
  (table) => [
    index("audit_entries_by_time").on(table.tenantId, table.at, table.id),
    index("audit_entries_by_action").on(table.tenantId, table.action, table.at),
    index("audit_entries_by_actor").on(table.tenantId, table.actorId, table.at),
    index("audit_entries_by_target").on(table.tenantId, table.targetId, table.at),
  ],
);

/** Entries that are not in the chain yet. A trigger writes the row with the entry, whoever inserts it. */
export const auditUnsealed = sqliteTable(
  "audit_unsealed",
  { entryId: text().primaryKey(), tenantId: text().notNull() },
  (table) => [index("audit_unsealed_by_tenant").on(table.tenantId, table.entryId)],
);

/** Entries that retention is about to drop, within its batch: the trigger lets only these go. */
export const auditDropping = sqliteTable("audit_dropping", { entryId: text().primaryKey() });
