import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Miniflare } from "miniflare";

type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

// The table that `wrangler d1 migrations` keeps, so that both know the same past.
const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies what is new in migrations/, each file with its bookkeeping row in one transaction; returns their names. */
export async function migrate(database: Database, folder: string): Promise<string[]> {
  await database.prepare(BOOKKEEPING).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const pending = migrationFiles(folder).filter((name) => !applied.has(name));
  if (pending.length === 0) return [];

  // Loaded only now: Wrangler costs a second of start-up.
  const { unstable_splitSqlQuery: splitSql } = await import("wrangler");
  for (const name of pending) {
    const statements = splitSql(readFileSync(path.join(folder, name), "utf8"));
    await database
      .batch([
        ...statements.map((statement) => database.prepare(statement)),
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
      ])
      .catch((cause: unknown) => {
        throw new Error(`Migration ${name} failed and was undone: ${messageOf(cause)}`, { cause });
      });
  }
  return pending;
}

export function migrationFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sql"))
    .map(({ name }) => name)
    .toSorted();
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
