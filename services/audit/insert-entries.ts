import { sql } from "drizzle-orm";
import { type ChainEntry, entryText } from "../../domain/audit/chain.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { rowsAsJson } from "../rows-as-json.ts";
import { auditEntries } from "./table.ts";

/** Statements that add entries, each unless one with its id stands there already. For acts that are told more than once. */
export function insertEntriesOnce({ db, ports }: PlatformContext, entries: readonly ChainEntry[]): Statement[] {
  const rows = entries.map((entry) => ({
    ...entry,
    details: entry.details == null ? null : JSON.stringify(entry.details),
    personal: entry.personal ?? null,
    proof: ports.auditWitness.prove(entryText(entry)),
  }));
  return rowsAsJson(rows).map((json) =>
    db
      .insert(auditEntries)
      // In the order of the table's columns.
      .select(
        sql`select value ->> 'id', value ->> 'tenantId', value ->> 'at', value ->> 'action', value ->> 'actorType',
          value ->> 'actorId', value ->> 'targetType', value ->> 'targetId', value ->> 'ip', value ->> 'userAgent',
          value ->> 'requestId', value ->> 'details', value ->> 'personal', value ->> 'proof' from json_each(${json}) where true`,
      )
      .onConflictDoNothing(),
  );
}
