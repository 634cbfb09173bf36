import { type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { decodeCursor } from "../domain/kernel/page.ts";

// Where a page of a list ordered by a time and then an id goes on: one comparison of both, which an index on both answers.

/** For lists that begin with the newest. */
export function olderThan(time: SQLiteColumn, id: SQLiteColumn, cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [at, key] = keyOf(cursor);
  return sql`(${time}, ${id}) < (${at}, ${key})`;
}

/** For lists that begin with the oldest. */
export function newerThan(time: SQLiteColumn, id: SQLiteColumn, cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [at, key] = keyOf(cursor);
  return sql`(${time}, ${id}) > (${at}, ${key})`;
}

function keyOf(cursor: string): [number, string] {
  const [at = "", id = ""] = decodeCursor(cursor, 2);
  return [Number(at), id];
}
