// `npm run bench`: measures the hot paths over HTTP against the local runtime, on disk and in memory, prints a table and writes
// test/bench/results/<suite>.json. Figures hold for the machine they were taken on; compare ratios.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { edgeRows } from "./edge.ts";
import { engineRows } from "./engine.ts";
import { gateRows } from "./gate.ts";
import { printTable, type Row } from "./measure.ts";
import { aBenchPlatform, aTrivialFunction } from "./platform.ts";
import { searchRows } from "./search.ts";

const MEMORY = "/dev/shm";
const places = [
  { name: "disk", folder: tmpdir() },
  ...(existsSync(MEMORY) ? [{ name: "memory", folder: MEMORY }] : []),
];

const trivial = await aTrivialFunction();
const results: Record<string, Row[]> = {};
for (const { name, folder } of places) {
  const platform = await aBenchPlatform(folder);
  try {
    const rows = [
      ...(await engineRows(platform, trivial)),
      ...(await edgeRows(platform)),
      ...(await gateRows(platform)),
      ...(await searchRows(platform)),
    ];
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
  path.join(folder, "platform.json"),
  `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`,
);
