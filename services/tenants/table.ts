import { isNotNull } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Json } from "../../domain/kernel/json.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Tenant } from "../../domain/tenants/tenant.ts";

/** Times in milliseconds. */
export const tenants = sqliteTable(
  "tenants",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    settings: text({ mode: "json" }).$type<Record<string, Json>>().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    deletedAt: integer(),
    /** When nothing of a deleted tenant was left but this row and its audit log. */
    erasedAt: integer(),
  },
  (table) => [index("tenants_deleted").on(table.deletedAt).where(isNotNull(table.deletedAt))],
);

export function toTenant(row: typeof tenants.$inferSelect): Tenant {
  return {
    id: row.id,
    name: row.name,
    settings: row.settings,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}
