import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generatedDocuments } from "../generate/documents.ts";
import { runTool } from "./command.ts";
import { absent, failed, type Outcome, ok } from "./step.ts";

const WORKER_TYPES = "worker-configuration.d.ts";
const DRIZZLE_CONFIG = "drizzle.config.ts";
const SCRATCH = "node_modules/.cache/weft/migrations";

/** The first lines of the file say which command wrote it; the same command tells whether it would write it again. */
export async function workerTypesFresh(root: string): Promise<Outcome> {
  const header = (await readFile(path.join(root, WORKER_TYPES), "utf8")).slice(0, 500);
  const [, flags] = /`wrangler types([^`]*)`/.exec(header) ?? [];
  if (flags === undefined) return failed(`${WORKER_TYPES} does not name the command that wrote it`);
  const { ok: isFresh, output } = await runTool(root, "wrangler", [
    "types",
    "--check",
    ...flags.split(" ").filter(Boolean),
  ]);
  return isFresh ? ok(WORKER_TYPES) : failed(`${output}\nRun: npx wrangler types${flags}`);
}

/** Lets drizzle-kit continue a copy of migrations/: a file that was not there before is a change nobody generated. */
export async function migrationsFresh(root: string): Promise<Outcome> {
  for (const source of [DRIZZLE_CONFIG, "migrations"]) if (!existsSync(path.join(root, source))) return absent(source);
  const scratch = path.join(root, SCRATCH);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const out = path.join(scratch, "out");
  await cp(path.join(root, "migrations"), out, { recursive: true });
  const before = new Set(await readdir(out));
  await writeFile(
    path.join(scratch, DRIZZLE_CONFIG),
    `import config from "${path.join(root, DRIZZLE_CONFIG)}";\nexport default { ...config, out: "./${SCRATCH}/out" };\n`,
  );
  const result = await runTool(root, "drizzle-kit", ["generate", "--config", path.join(SCRATCH, DRIZZLE_CONFIG)]);
  if (!result.ok) return failed(result.output);
  const added = (await readdir(out)).filter((name) => !before.has(name));
  if (added.length === 0) return ok(`${before.size - 1} migrations`);
  const sql = await Promise.all(added.map((name) => readFile(path.join(out, name), "utf8")));
  return failed(`The tables changed, the migrations did not:\n${sql.join("\n")}\nRun: npm run db:generate`);
}

export async function documentsFresh(root: string): Promise<Outcome> {
  const documents = generatedDocuments();
  const missing = documents.filter(({ source }) => !existsSync(path.join(root, source)));
  const present = documents.filter((document) => !missing.includes(document));
  const stale: string[] = [];
  for (const { output, render } of present) {
    const committed = await readFile(path.join(root, output), "utf8").catch(() => null);
    if (committed !== (await render())) stale.push(output);
  }
  if (stale.length > 0) return failed(`${stale.join(", ")}: not what the source says\nRun: npm run generate`);
  if (missing.length > 0) return absent(missing.map(({ source }) => source).join(", "));
  return ok(present.map(({ output }) => output).join(", "));
}
