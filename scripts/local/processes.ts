// One server a state folder. SQLite files that two runtimes write are lost, and a runtime can outlive the process that
// started it (kill -9), so who serves stands in a file beside the state.
//   P1  a second server of a folder is refused while the first lives.
//   P2  a runtime left behind is ended before the next one opens the files.
//   P3  no process is ended that is not a workerd: process ids are used again.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";

export interface Serving {
  pid: number;
  runtimePid: number | null;
  port: number;
}

const FILE = "server.json";
const RUNTIME = "workerd";
const MAX_END_MS = 5_000;
const HAS_PROC = existsSync("/proc/self/stat");

/** Ends what a killed server left behind in this folder and takes it; tells whether there was something. Throws when a server lives there. */
export async function claimState(state: string): Promise<boolean> {
  const serving = readServing(state);
  if (serving !== null && isAlive(serving)) {
    throw new Error(
      `${state} is served by process ${serving.pid} on port ${serving.port}. Stop it, or choose another folder with WEFT_STATE.`,
    );
  }
  recordServing(state, { pid: process.pid, runtimePid: null, port: 0 });
  const left = orphansIn(state);
  if (serving?.runtimePid != null) left.add(serving.runtimePid);
  await Promise.all([...left].map(endRuntime));
  return left.size > 0;
}

export function recordServing(state: string, serving: Serving): void {
  writeFileSync(path.join(state, FILE), `${JSON.stringify(serving)}\n`);
}

export function forgetServing(state: string): void {
  if (readServing(state)?.pid === process.pid) rmSync(path.join(state, FILE), { force: true });
}

/** The workerd that this process started to serve a port; null where the system does not tell. */
export function runtimeServing(port: number): number | null {
  const isServing = (command: string) => command.includes(RUNTIME) && `${command} `.includes(`:${port} `);
  return childrenOf(process.pid).find((pid) => isServing(commandOf(pid) ?? "")) ?? null;
}

/**
 * The port to serve on: as asked, or a free one for 0. Throws, naming the way out, when it is taken. A process that was killed may
 * hold its port for a moment longer than its name: `hasEndedOne` waits for that.
 */
export async function usablePort(host: string, port: number, hasEndedOne: boolean): Promise<number> {
  for (const deadline = Date.now() + (hasEndedOne ? MAX_END_MS : 0); ; await pause(25)) {
    const free = await probe(host, port);
    if (free !== null) return free;
    if (Date.now() >= deadline) throw new Error(`Port ${port} is taken. Choose another: PORT=8788 npm start`);
  }
}

/** `null` when the port is taken. */
function probe(host: string, port: number): Promise<number | null> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen(port, host, () => {
      const address = server.address();
      const free = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(free));
    });
  });
}

function readServing(state: string): Serving | null {
  try {
    return JSON.parse(readFileSync(path.join(state, FILE), "utf8"));
  } catch {
    return null;
  }
}

// A process id may have been used again since, so the runtime must still be the child of the server where that can be told.
function isAlive({ pid, runtimePid }: Serving): boolean {
  if (HAS_PROC && runtimePid !== null) return parentOf(runtimePid) === pid;
  return pid !== process.pid && commandOf(pid)?.includes("node") === true;
}

async function endRuntime(pid: number): Promise<void> {
  for (const deadline = Date.now() + MAX_END_MS; commandOf(pid)?.includes(RUNTIME); await pause(25)) {
    if (Date.now() > deadline) throw new Error(`The runtime left behind (process ${pid}) does not end.`);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      return;
    }
  }
}

// A server killed before it wrote its file, or just after its runtime was replaced. Only Linux tells who holds which files.
function orphansIn(state: string): Set<number> {
  const runtimes = processes().filter((pid) => commandOf(pid)?.includes(RUNTIME));
  const orphans = runtimes.filter((pid) => !commandOf(parentOf(pid) ?? 0)?.includes("node"));
  return new Set(orphans.filter((pid) => openFiles(pid).some((file) => file.startsWith(`${state}${path.sep}`))));
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
  } catch {
    return [];
  }
}

function commandOf(pid: number): string | null {
  try {
    if (HAS_PROC) return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || null;
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

function childrenOf(parent: number): number[] {
  if (HAS_PROC) return processes().filter((pid) => parentOf(pid) === parent);
  const rows = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

function processes(): number[] {
  return HAS_PROC ? readdirSync("/proc").map(Number).filter(Number.isInteger) : [];
}

// The second field of stat is the command in brackets, which may itself hold spaces and brackets.
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
