import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { V4WorkerOptionsShape } from "miniflare";

export interface LocalWorker {
  /** The Worker without its code: bindings, queues, objects, compatibility. */
  shape: V4WorkerOptionsShape;
  main: string;
}

/**
 * What wrangler.toml says of the laptop. Wrangler reads it, so nothing is interpreted twice; loading Wrangler takes a second,
 * so its answer is kept until the file, Wrangler's version or the place of the project changes.
 */
export async function localWorker(root: string): Promise<LocalWorker> {
  const file = path.join(root, "wrangler.toml");
  const wrangler = readFileSync(path.join(root, "node_modules/wrangler/package.json"));
  const key = createHash("sha256").update(file).update(readFileSync(file)).update(wrangler).digest("hex");
  const kept = path.join(root, "node_modules/.cache/weft", `worker-${key.slice(0, 16)}.json`);
  return readKept(kept) ?? keep(kept, await readWithWrangler(file));
}

async function readWithWrangler(file: string): Promise<LocalWorker> {
  const { unstable_getMiniflareWorkerOptions: shapeOf, unstable_readConfig: readConfig } = await import("wrangler");
  const config = readConfig({ config: file });
  const { workerOptions, main } = shapeOf(config);
  if (main === undefined) throw new Error(`${file} names no main`);
  // Wrangler mixes the secrets of .dev.vars into the bindings: they are read on every start, and never kept here.
  return { shape: { ...workerOptions, bindings: config.vars }, main };
}

function readKept(file: string): LocalWorker | null {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

function keep(file: string, worker: LocalWorker): LocalWorker {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(worker));
  return worker;
}
