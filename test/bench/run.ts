// `npm run bench [-- engine map edge gate gateway search ingestion] [--on=memory|disk]`: measures the hot paths over HTTP against the local
// runtime, on disk and in memory, prints a table and writes test/bench/results/<suite>.json. Figures hold for the machine they
// were taken on; compare ratios. The peers of the engine and of the gateway run in the same minutes.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { edgeRows } from "./edge.ts";
import { engineRows } from "./engine.ts";
import { floorRows, peerRows } from "./engine-peers.ts";
import { gateRows } from "./gate.ts";
import { gatewayRows } from "./gateway.ts";
import { ingestionRows } from "./ingestion.ts";
import { mapRows } from "./map.ts";
import { printTable, type Row } from "./measure.ts";
import { aBenchPlatform, aTrivialFunction, type BenchPlatform } from "./platform.ts";
import { searchRows } from "./search.ts";

const MEMORY = "/dev/shm";
const places = [
  { name: "disk", folder: tmpdir() },
  ...(existsSync(MEMORY) ? [{ name: "memory", folder: MEMORY }] : []),
];

const trivial = await aTrivialFunction();
const suites: Record<string, (platform: BenchPlatform) => Promise<Row[]>> = {
  engine: (platform) => engineRows(platform, trivial),
  map: (platform) => mapRows(platform, trivial),
  edge: edgeRows,
  gate: gateRows,
  gateway: gatewayRows,
  search: searchRows,
  ingestion: ingestionRows,
};
const { values: flags, positionals: asked } = parseArgs({
  options: { on: { type: "string" } },
  allowPositionals: true,
});
const wanted = asked.length === 0 ? Object.keys(suites) : asked;
for (const name of wanted)
  if (suites[name] === undefined) throw new Error(`No suite ${name}; there are ${Object.keys(suites)}`);

const results: Record<string, { load: number; rows: Row[] }> = {};
for (const { name, folder } of places.filter((place) => (flags.on ?? place.name) === place.name)) {
  const [load = 0] = loadavg();
  const rows: Row[] = [];
  const platform = await aBenchPlatform(folder);
  try {
    for (const suite of wanted) rows.push(...((await suites[suite]?.(platform)) ?? []));
  } finally {
    await platform.stop();
  }
  if (wanted.includes("engine")) {
    rows.push(...(await peerRows(folder)));
    rows.push(...floorRows(rows));
  }
  console.log(`\nState on ${name}, ${cpus().length} cores, load ${load.toFixed(1)}, Node ${process.version}`);
  printTable(rows);
  results[name] = { load, rows };
}
await trivial.stop();
const folder = path.join(import.meta.dirname, "results");
mkdirSync(folder, { recursive: true });
const file = asked.length === 0 ? "platform" : wanted.join("-");
writeFileSync(
  path.join(folder, `${file}.json`),
  `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`,
);
