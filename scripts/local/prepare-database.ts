import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { migrate, migrationFiles } from "./migrate.ts";
import type { LocalWorker } from "./worker-options.ts";

/**
 * Brings the database up to date before anything is served, in a runtime that has the database alone. A stamp beside the database
 * tells what it has, so that a start with nothing to do costs nothing.
 */
export async function prepareDatabase({ shape }: LocalWorker, state: string, folder: string): Promise<string[]> {
  const stamp = path.join(state, "d1", "migrations.json");
  const wanted = JSON.stringify(migrationFiles(folder));
  if (readStamp(stamp) === wanted) return [];
  const { compatibilityDate, d1Databases } = shape;
  const script = "export default {}";
  const options = convertV4MiniflareOptions({
    log: new NoOpLog(),
    resourcePersistencePath: state,
    logRequests: false,
    cf: false,
    workers: [
      {
        name: "weft",
        modules: true,
        script,
        ...(compatibilityDate && { compatibilityDate }),
        ...(d1Databases && { d1Databases }),
      },
    ],
  });
  for (const { dev } of options.workers) if (dev !== undefined) dev.unsafeRegisterWorker = false;
  const runtime = new Miniflare(options);
  try {
    const migrated = await migrate(await runtime.getD1Database("DB"), folder);
    mkdirSync(path.dirname(stamp), { recursive: true });
    writeFileSync(stamp, wanted);
    return migrated;
  } finally {
    await runtime.dispose();
  }
}

function readStamp(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
