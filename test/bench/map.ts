import { readFileSync } from "node:fs";
import type { Json } from "../../domain/kernel/json.ts";
import { chain, pass } from "./engine-workflows.ts";
import { processorMs, type Row } from "./measure.ts";
import type { BenchPlatform, TrivialFunction } from "./platform.ts";

const ITEMS = 10_000;
/** How long a Map may take before the suite gives it up. */
const MAX_MS = 240_000;
const LOOK_MS = 100;

interface RunAnswer {
  id: string;
  status: string;
  cause?: string;
}

type ExecutionType = "STANDARD" | "EXPRESS";

/** Distributed Maps of 10,000 items, each a run of its own, and what a run beside them has to wait meanwhile. */
export async function mapRows(platform: BenchPlatform, trivial: TrivialFunction): Promise<Row[]> {
  await platform.call("PUT", "/v1/functions/trivial", { url: trivial.url });
  await platform.call("PUT", "/v1/workflows/beside", { definition: chain(1, pass()) });
  const resource = "arn:aws:lambda:us-east-1:111111111111:function:trivial";
  const rows: Row[] = [];
  for (const type of ["STANDARD", "EXPRESS"] as const) {
    rows.push(...(await measured(platform, `a Pass each, ${type}`, definition(pass(), type))));
    const before = trivial.calls();
    const task = { Type: "Task", Resource: resource };
    rows.push(...(await measured(platform, `a Task each, ${type}`, definition(task, type))));
    const repeated = trivial.calls() - before - ITEMS;
    rows.push({ suite: `a Task each, ${type}`, name: "calls made twice", value: repeated, unit: "" });
  }
  return rows;
}

function definition(state: Record<string, Json>, ExecutionType: ExecutionType): Json {
  const ItemProcessor = { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType }, ...(chain(1, state) as object) };
  const map = { Type: "Map", Items: `{% [1..${ITEMS}] %}`, ItemProcessor, Output: "{% $count($states.result) %}" };
  return { QueryLanguage: "JSONata", StartAt: "All", States: { All: { ...map, End: true } } };
}

async function measured(platform: BenchPlatform, what: string, map: Json): Promise<Row[]> {
  await platform.call("PUT", "/v1/workflows/map", { definition: map });
  const processorBefore = processorMs(platform.pid());
  const startedAt = performance.now();
  let run = await platform.call<RunAnswer>("POST", "/v1/workflows/map/runs", {});
  const waits: number[] = [];
  let peak = 0;
  while (run.status === "running" && performance.now() - startedAt < MAX_MS) {
    const askedAt = performance.now();
    await platform.call("POST", "/v1/workflows/beside/runs?wait=10", {});
    waits.push(performance.now() - askedAt);
    peak = Math.max(peak, residentMiB(platform.pid()));
    run = await platform.call<RunAnswer>("GET", `/v1/runs/${run.id}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  if (run.status !== "succeeded") throw new Error(`The Map of ${what} is ${run.status}: ${run.cause}`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const row = (name: string, value: number, unit: string): Row => ({ suite: what, name, value, unit });
  return [
    row("time", seconds, "s"),
    row("items", ITEMS / seconds, "/s"),
    row("processor time", (processorMs(platform.pid()) - processorBefore) / 1_000, "s"),
    row("memory at most", peak, "MiB"),
    row("another run, mean", waits.reduce((sum, ms) => sum + ms, 0) / waits.length, "ms"),
    row("another run, worst", Math.max(...waits), "ms"),
  ];
}

/** What the process holds in memory; not a number where the system does not tell. */
function residentMiB(pid: number | null): number {
  try {
    const [, kib = ""] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib) / 1_024;
  } catch {
    return Number.NaN;
  }
}
