import { readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "./finding.ts";

// D1 ignores PRAGMA foreign_keys=OFF, so the table rebuild that drizzle-kit generates fires ON DELETE CASCADE when it
// drops the old table: the rows of child tables are gone and the migration reports success.
const REFUSED: readonly { pattern: RegExp; message: string }[] = [
  {
    pattern: /\bDROP\s+TABLE\b/i,
    message: "DROP TABLE loses rows: leave the table, drop it by hand once nothing reads it",
  },
  { pattern: /__new_/i, message: "a table rebuild empties child tables on D1: add a column, or a new table and copy" },
  { pattern: /\bDROP\s+COLUMN\b/i, message: "DROP COLUMN breaks the version still running: stop writing it instead" },
  { pattern: /\bON\s+DELETE\s+CASCADE\b/i, message: "ON DELETE CASCADE lets a rebuild of the parent empty this table" },
  { pattern: /\bPRAGMA\s+foreign_keys\s*=\s*OFF\b/i, message: "D1 ignores PRAGMA foreign_keys=OFF" },
];

/** Migrations only add: whatever could lose a row of the running system is refused, wherever it stands. */
export function unsafeMigrations(root: string, paths: readonly string[]): Finding[] {
  return paths
    .filter((file) => /^migrations\/[^/]+\.sql$/.test(file))
    .flatMap((file) => unsafeStatements(file, readFileSync(path.join(root, file), "utf8")));
}

function unsafeStatements(file: string, sql: string): Finding[] {
  return sql.split("\n").flatMap((text, index) => {
    const statement = text.replace(/--.*$/, "");
    return REFUSED.filter(({ pattern }) => pattern.test(statement)).map(({ message }) => {
      return { path: file, line: index + 1, rule: "migrations", message };
    });
  });
}
