import { readFileSync } from "node:fs";

export interface Row {
  suite: string;
  name: string;
  value: number;
  unit: string;
  target?: number;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share `q` of the sample does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Milliseconds of each call, one after another, the first `warmUp` not counted. */
export async function timeEach(count: number, call: () => Promise<unknown>, warmUp = 3): Promise<number[]> {
  const times: number[] = [];
  for (let i = -warmUp; i < count; i++) {
    const startedAt = performance.now();
    await call();
    if (i >= 0) times.push(performance.now() - startedAt);
  }
  return times;
}

/** Calls a second with `width` callers, each one call at a time. */
export async function throughput(width: number, ms: number, call: () => Promise<unknown>): Promise<number> {
  const until = performance.now() + ms;
  let calls = 0;
  const startedAt = performance.now();
  const caller = async () => {
    while (performance.now() < until) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: width }, caller));
  return (calls * 1_000) / (performance.now() - startedAt);
}

// Linux counts a process's time in hundredths of a second.
const TICK_MS = 10;

/** Processor time that a process has taken, in milliseconds; not a number where the system does not tell. */
export function processorMs(pid: number | null): number {
  try {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = fields.split(" ").slice(11, 13);
    return (Number(user) + Number(system)) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

export function printTable(rows: readonly Row[]): void {
  const width = Math.max(...rows.map((row) => row.name.length));
  let suite = "";
  for (const row of rows) {
    if (row.suite !== suite) console.log(`\n${row.suite}`);
    suite = row.suite;
    const verdict =
      row.target === undefined ? "" : `   target ${row.value <= row.target ? "met" : "missed"} (<= ${row.target})`;
    console.log(`  ${row.name.padEnd(width)}  ${shown(row.value).padStart(10)} ${row.unit.padEnd(6)}${verdict}`);
  }
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}
