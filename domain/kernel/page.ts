import * as z from "zod";
import { problem } from "./problem.ts";

/** The query parameters of every list. */
export const PageRequest = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(512).optional(),
});
export type PageRequest = z.infer<typeof PageRequest>;

export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** Cuts a page from rows that were read with `limit + 1`, and names where the next one begins. */
export function pageOf<Row, T>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => string[],
  present: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(present),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}

export function encodeCursor(key: string[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The key a cursor stands for. A cursor is opaque to clients: one that we did not make is a validation problem. */
export function decodeCursor(cursor: string, parts: number): string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(key) && key.length === parts && key.every((part) => typeof part === "string")) return key;
  } catch {
    // Falls through: unreadable is the same to the client as forged.
  }
  throw problem("validation-failed", { errors: [{ pointer: "?cursor", detail: "is not a cursor of this list" }] });
}
