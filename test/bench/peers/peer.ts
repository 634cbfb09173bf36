import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** Another engine, at the same work. Milliseconds. */
export interface Peer {
  name: string;
  /** A chain of steps with a trivial function, each result durable before the next step starts. */
  chain(steps: number): Promise<number>;
  /** As many of them at once. */
  map(width: number): Promise<number>;
  approval(): Promise<number>;
  /** All of `count` runs of ten steps, started at once. */
  runs(count: number): Promise<number>;
  stop(): Promise<void>;
}

/** Whoever waits for the end is there before the approval; a longer rest would measure how a machine wakes up. */
export const APPROVED_AFTER_MS = 20;

/**
 * Of what takes few calls a round, as many come before the first that counts, for every engine alike: code that has run some dozen
 * times is not compiled yet.
 */
export const WARM_UP = { approvals: 200, bursts: 5 };

export const PEERS = import.meta.dirname;

/** Installs the peers' packages, once; says why where they cannot be had. */
export async function installed(): Promise<string | null> {
  if (existsSync(path.join(PEERS, "node_modules/@restatedev/restate-sdk"))) return null;
  try {
    await promisify(execFile)("npm", ["ci", "--prefix", PEERS, "--ignore-scripts", "--no-audit", "--no-fund"]);
    return null;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "unknown") : String(error);
  }
}

/** Until `isReady` holds, or `seconds` are over. */
export async function until(isReady: () => Promise<boolean>, seconds: number): Promise<void> {
  for (let left = seconds * 20; left > 0; left--) {
    if (await isReady().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Not ready within ${seconds} s`);
}
