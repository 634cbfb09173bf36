import type { Statement } from "../commit.ts";
import type { Database } from "../context.ts";
import { auditEntries } from "./table.ts";

/** The statement that adds an entry, unless one with its id stands there already. For acts that are told more than once. */
export function insertEntryOnce(db: Database, entry: typeof auditEntries.$inferInsert): Statement {
  return db.insert(auditEntries).values(entry).onConflictDoNothing();
}
