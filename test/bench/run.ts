// `npm run bench`: measures the hot paths over HTTP against the local runtime, on disk and in memory, prints a table and writes
// test/bench/results/platform.json; with names (`npm run bench -- gateway`) only those suites, into a file of their own.
// Figures hold for the machine they were taken on; compare ratios.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { edgeRows } from "./edge.ts";
import { engineRows } from "./engine.ts";
import { gateRows } from "./gate.ts";
import { gatewayRows } from "./gateway.ts";
import { printTable, type Row } from "./measure.ts";
import { aBenchPlatform, aTrivialFunction } from "./platform.ts";
import { searchRows } from "./search.ts";

const MEMORY = "/dev/shm";
const places = [
  { name: "disk", folder: tmpdir() },
  ...(existsSync(MEMORY) ? [{ name: "memory", folder: MEMORY }] : []),
];

const wanted = process.argv.slice(2);
const isWanted = (suite: string) => wanted.length === 0 || wanted.includes(suite);

const trivial = await aTrivialFunction();
const results: Record<string, Row[]> = {};
for (const { name, folder } of places) {
  const platform = await aBenchPlatform(folder);
  try {
    const suites = {
      engine: () => engineRows(platform, trivial),
      edge: () => edgeRows(platform),
      gate: () => gateRows(platform),
      search: () => searchRows(platform),
      gateway: () => gatewayRows(platform),
    };
    const rows: Row[] = [];
    for (const [suite, measure] of Object.entries(suites)) {
      if (isWanted(suite)) rows.push(...(await measure()));
    }
    console.log(`\nState on ${name}, ${cpus().length} cores, Node ${process.version}`);
    printTable(rows);
    results[name] = rows;
  } finally {
    await platform.stop();
  }
}
await trivial.stop();
const folder = path.join(import.meta.dirname, "results");
mkdirSync(folder, { recursive: true });
writeFileSync(
  path.join(folder, `${wanted.length === 0 ? "platform" : wanted.join("-")}.json`),
  `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`,
);
