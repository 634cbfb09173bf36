import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Plan } from "../../domain/tenants/plan.ts";

/** How a tenant stands; one without a row is on the default plan and not suspended. Times in milliseconds. */
export const standings = sqliteTable("standings", {
  tenantId: text().primaryKey(),
  plan: text().$type<Plan>().notNull(),
  /** When its billing periods began; null counts by calendar month. */
  periodAnchorAt: integer(),
  suspendedAt: integer(),
  suspendedReason: text(),
  updatedAt: integer().notNull(),
});

/** Limits that an operator set apart from the plan. */
export const limitOverrides = sqliteTable(
  "limit_overrides",
  {
    tenantId: text().notNull(),
    name: text().notNull(),
    limit: integer().notNull(),
    windowSeconds: integer(),
    expiresAt: integer(),
    setAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);
