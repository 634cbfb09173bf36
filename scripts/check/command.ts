import { spawn } from "node:child_process";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

export interface CommandResult {
  ok: boolean;
  /** Standard output and error as they came, without colours. */
  output: string;
}

/** Runs a tool of node_modules/.bin in the repository, with the toolchain's Node first on PATH. */
export function runTool(root: string, tool: string, args: readonly string[]): Promise<CommandResult> {
  const bin = path.join(root, "node_modules/.bin");
  const child = spawn(path.join(bin, tool), args, {
    cwd: root,
    env: { ...process.env, ...QUIET, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ ok: false, output: `${tool} could not be started: ${error.message}` }));
    child.on("close", (code) => {
      const output = stripVTControlCharacters(Buffer.concat(chunks).toString("utf8")).trim();
      resolve({ ok: code === 0, output });
    });
  });
}

const QUIET = { CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
