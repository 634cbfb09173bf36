// `npm run check`: everything that must hold besides the tests, one line a step. `npm run check -- lint types` runs only
// the steps named.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { styleText } from "node:util";
import { deployDryRun } from "./check/bundle.ts";
import { runTool } from "./check/command.ts";
import { knownVulnerabilities } from "./check/dependencies.ts";
import { brokenDocLinks } from "./check/doc-links.ts";
import { documentsFresh, migrationsFresh, workerTypesFresh } from "./check/generated.ts";
import { houseRules } from "./check/house-rules.ts";
import { importCycles } from "./check/import-cycles.ts";
import { importRules } from "./check/import-rules.ts";
import { unsafeMigrations } from "./check/migrations.ts";
import { readSources, type SourceFile } from "./check/source-file.ts";
import { type Finished, ofCommand, ofFindings, runSteps, type Step } from "./check/step.ts";

const root = path.dirname(import.meta.dirname);
const paths = trackedFiles(root);
let parsed: SourceFile[] | null = null;
const sources = () => {
  parsed ??= readSources(root, paths);
  return parsed;
};

// The slow ones first, so that the two lanes end together.
const STEPS: readonly Step[] = [
  { name: "types", run: async () => ofCommand(await runTool(root, "tsc", ["-p", "."])) },
  { name: "deploy-staging", run: () => deployDryRun(root, "staging") },
  { name: "deploy-production", run: () => deployDryRun(root, "production") },
  { name: "worker-types", run: () => workerTypesFresh(root) },
  { name: "migrations-fresh", run: () => migrationsFresh(root) },
  {
    name: "lint",
    run: async () =>
      ofCommand(
        await runTool(root, "biome", ["ci", "--colors=off", "--error-on-warnings", "--diagnostic-level=warn", "."]),
      ),
  },
  { name: "dependencies", run: () => knownVulnerabilities(root) },
  { name: "documents", run: () => documentsFresh(root) },
  { name: "imports", run: async () => ofFindings(importRules(sources()), `${sources().length} files`) },
  { name: "cycles", run: async () => ofFindings(importCycles(sources()), `${sources().length} files`) },
  { name: "house-rules", run: async () => ofFindings(houseRules(paths, sources()), `${sources().length} files`) },
  { name: "migrations-safe", run: async () => ofFindings(unsafeMigrations(root, paths), "nothing lossy") },
  { name: "doc-links", run: async () => ofFindings(brokenDocLinks(root, paths), "every link leads somewhere") },
];

const wanted: readonly string[] = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(", ")}. Steps: ${STEPS.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const started = performance.now();
const chosen = wanted.length === 0 ? STEPS : STEPS.filter(({ name }) => wanted.includes(name));
const finished = await runSteps(chosen, Math.min(availableParallelism(), 4), tell);
const broken = finished.filter(({ status }) => status === "failed");
for (const { name, details } of broken) console.log(`\n${styleText(["red", "bold"], name)}\n${details}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`\n${chosen.length - broken.length} of ${chosen.length} steps passed in ${seconds} s`);
process.exit(broken.length === 0 ? 0 : 1);

function tell({ name, status, summary, ms }: Finished): void {
  const colour = { ok: "green", failed: "red", absent: "yellow" } as const;
  const time = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  console.log(`${styleText(colour[status], status.padEnd(7))} ${name.padEnd(18)} ${time}  ${summary}`.trimEnd());
}

/** Everything git knows or would add; the deliberately broken house of the tests is no part of the product. */
function trackedFiles(folder: string): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: folder });
  const files = listed.toString("utf8").split("\0");
  return files.filter(
    (file) => file !== "" && !file.startsWith("test/fixtures/house/") && existsSync(path.join(folder, file)),
  );
}
