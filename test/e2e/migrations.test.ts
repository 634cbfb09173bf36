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

it("migration 0023 counts by day what calls, runs and documents had used before it", async () => {
  const { database, migrated } = await databaseBefore("0022");
  const noon = Date.parse("2026-11-01T12:00:00Z");
  const day = 86_400_000;
  const call = {
    ...{ tenant_id: "ten_1", kind: "chat", status: "succeeded", provider: "openai", model: "m", is_streamed: 0 },
    ...{ prompt_tokens: 100, cached_prompt_tokens: 40, completion_tokens: 10, is_estimated: 0, cost_usd_micros: 7 },
    ...{ is_priced: 1, is_refusal: 0, started_at: noon, duration_ms: 1, actor_type: "user", actor_id: "usr_1" },
    ...{ request_id: "req_1", trace_id: "t" },
  };
  const ofRun = { actor_type: "system", actor_id: "run_1", run_id: "run_1" };
  await insert(database, "model_calls", { ...call, id: "1" });
  await insert(database, "model_calls", { ...call, id: "2", is_estimated: 1, is_priced: 0, cost_usd_micros: 0 });
  await insert(database, "model_calls", { ...call, id: "3", cache: "hit", cost_usd_micros: 0, saved_usd_micros: 7 });
  await insert(database, "model_calls", { ...call, id: "4", ...ofRun, started_at: noon + day });
  const run = {
    ...{ tenant_id: "ten_1", workflow: "letters", status: "succeeded", seq: 9, started_at: noon },
    ...{ run: { progress: { entered: 4 } }, projected_at: noon + day },
  };
  await insert(database, "runs", { ...run, id: "run_1" });
  await insert(database, "runs", { ...run, id: "run_2", parent_run_id: "run_1", map_state: "Each" });
  const document = {
    ...{ tenant_id: "ten_1", knowledge_base_id: "kb_1", title: "T", content_type: "text/plain", metadata: {} },
    ...{ status: "indexed", version: 1, folder: "f", chunks: 3, created_at: noon, updated_at: noon },
  };
  await insert(database, "documents", { ...document, id: "doc_1", indexed_at: noon });
  await insert(database, "documents", { ...document, id: "doc_2", status: "queued" });
  await migrated();

  const { results } = await database
    .prepare("select * from usage_days order by day, kind")
    .all<Record<string, string | number>>();
  const used = results.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([, value]) => value !== 0 && value !== "")),
  );
  const first = { tenant_id: "ten_1", day: "2026-11-01" };
  const openai = { kind: "chat", model: "openai/m" };
  expect(used).toEqual([
    {
      ...{
        ...first,
        ...openai,
        user: "usr_1",
        calls: 2,
        input_tokens: 200,
        cached_input_tokens: 80,
        output_tokens: 20,
      },
      ...{ estimated_calls: 1, estimated_input_tokens: 100, estimated_output_tokens: 10 },
      ...{ cost_usd_micros: 7, unpriced_calls: 1, cache_hits: 1, saved_usd_micros: 7 },
    },
    { ...first, kind: "document", documents: 1, chunks: 3 },
    { ...first, kind: "run", workflow: "letters", runs: 1, map_child_runs: 1, state_transitions: 8 },
    {
      ...{ ...first, day: "2026-11-02", ...openai, workflow: "letters", calls: 1, cost_usd_micros: 7 },
      ...{ input_tokens: 100, cached_input_tokens: 40, output_tokens: 10 },
    },
  ]);
  // From then on a run adds what it entered since.
  await database.prepare("update runs set states_entered = 5, projected_at = ? where id = 'run_1'").bind(noon).run();
  const sum = await database.prepare("select sum(state_transitions) as states from usage_days").first();
  expect(sum).toEqual({ states: 9 });
});
