import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterEach, expect, it } from "vitest";
import { RouteSettings } from "../../domain/llm/model-route.ts";
import { migrate, migrationFiles } from "../../scripts/local/migrate.ts";

// Migrations that take rows along, on a database as it was before them.

const MIGRATIONS = path.resolve(import.meta.dirname, "../../migrations");

type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A database with every migration before the one whose name begins with `number`; `migrated` applies that one and all others. */
async function databaseBefore(number: string): Promise<{ database: Database; migrated(): Promise<string[]> }> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script: "export default {}", d1Databases: ["DB"], cf: false }),
  );
  const folder = mkdtempSync(path.join(tmpdir(), "weft-migrations-"));
  ends.push(
    () => runtime.dispose(),
    () => rmSync(folder, { recursive: true }),
  );
  const database = await runtime.getD1Database("DB");
  for (const name of migrationFiles(MIGRATIONS).filter((one) => one < number)) {
    cpSync(path.join(MIGRATIONS, name), path.join(folder, name));
  }
  await migrate(database, folder);
  return { database, migrated: () => migrate(database, MIGRATIONS) };
}

function insert(database: Database, table: string, row: Record<string, unknown>): Promise<unknown> {
  const names = Object.keys(row);
  const values = Object.values(row).map((value) => (typeof value === "object" ? JSON.stringify(value) : value));
  return database
    .prepare(`insert into ${table} (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`)
    .bind(...values)
    .run();
}

const plain = {
  ...{ tenant_id: "ten_1", name: "plain", strategy: "fallback", version: 1 },
  ...{ targets: [{ model: "local/extractive" }], created_at: 1, updated_at: 1 },
};
const full = {
  ...{ tenant_id: "ten_2", name: "full", strategy: "weighted", version: 7, created_at: 1, updated_at: 2 },
  targets: [
    { model: "openai/a", weight: 3 },
    { model: 'openai/"quoted"', weight: 1 },
  ],
  ...{ retries: 0, timeout_ms: 5_000 },
  guardrails: [{ type: "pii", on: "both", action: "redact" }],
  budget: { usdMicrosPerMonth: 1_000_000 },
  cache: { mode: "exact", ttlSeconds: 60, toolCalls: false },
  fallback_answer: { text: "Später, bitte." },
};

it("migration 0016 begins the history of a route that was there as what the route is", async () => {
  const { database, migrated } = await databaseBefore("0016");
  await insert(database, "model_routes", plain);
  await insert(database, "model_routes", full);
  expect((await migrated())[0]).toBe("0016_route_versions.sql");

  const { results } = await database
    .prepare("select * from model_route_versions order by tenant_id")
    .all<Record<string, string>>();
  const versions = results.map(({ settings, ...row }) => ({ ...row, settings: JSON.parse(settings ?? "") }));
  const nobody = { restored_from: null, actor_type: "system", actor_id: "migration" };
  expect(versions).toEqual([
    {
      ...{ tenant_id: "ten_1", name: "plain", version: 1, created_at: 1, ...nobody },
      settings: {
        ...{ strategy: "fallback", targets: plain.targets, retries: null, timeoutMs: null },
        ...{ guardrails: [], budget: null, cache: null, fallbackAnswer: null },
      },
    },
    {
      ...{ tenant_id: "ten_2", name: "full", version: 7, created_at: 2, ...nobody },
      settings: {
        ...{ strategy: "weighted", targets: full.targets, retries: 0, timeoutMs: 5_000 },
        ...{ guardrails: full.guardrails, budget: full.budget, cache: full.cache },
        fallbackAnswer: full.fallback_answer,
      },
    },
  ]);
  // A rollback reads them so: the member came later.
  for (const { settings } of versions) RouteSettings.parse({ ...settings, hedge: null });
});
