// `npm start`: the whole platform on this machine, with a demo tenant (`-- --no-demo` leaves it out). `npm run dev` does the same and
// serves every saved change.

import { createWriteStream } from "node:fs";
import path from "node:path";
import { styleText } from "node:util";
import { parsedConfig } from "../adapters/config.ts";
import { prepareDemo } from "./demo/first-start.ts";
import { readiness } from "./local/readiness.ts";
import { type LocalServer, type LogLine, startServer } from "./local/server.ts";
import { localVariables } from "./local/settings.ts";
import { watchSources } from "./local/watch.ts";

const root = path.dirname(import.meta.dirname);
const state = path.resolve(root, process.env.WEFT_STATE ?? ".weft");
const DEFAULT_PORT = 8787;
const PARENT_CHECK_MS = 500;
const isWatching = process.argv.includes("--watch");
const hasDemo = !process.argv.includes("--no-demo");

const started = performance.now();
try {
  const server = await start();
  stopOnSignal(server);
  await report(server);
  if (isWatching) watchSources(root, () => reload(server));
} catch (error) {
  console.error(styleText("red", textOf(error)));
  process.exit(1);
}

async function start(): Promise<LocalServer> {
  const port = Number(process.env.PORT || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT=${process.env.PORT} is not a port.`);
  const variables = localVariables(root, process.env);
  parsedConfig({ WEFT_ENVIRONMENT: "local", ...variables });
  const logFile = path.join(state, "weft.log");
  let file: ReturnType<typeof createWriteStream> | null = null;
  const log = ({ level, message }: LogLine) => {
    file ??= createWriteStream(logFile, { flags: "a" });
    file.write(`${message}\n`);
    if (isWatching || level === "error" || level === "warn") console.error(message);
  };
  return startServer({ root, state, port, variables, log });
}

async function report({ url, migrated }: LocalServer): Promise<void> {
  if (migrated.length > 0) console.log(`Applied ${migrated.length} migrations to ${state}`);
  for (const line of await readiness(url)) console.log(line);
  console.log(`Log       ${path.join(state, "weft.log")}`);
  console.log(`Operator  OPERATOR_TOKEN in ${path.join(root, ".dev.vars")}`);
  console.log(`Started in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  console.log(`Console   ${styleText("bold", `${url}/`)}`);
  if (hasDemo) console.log(`Demo      ${await prepareDemo(url, state)}`);
  console.log(`Next      ${styleText("bold", "npm run demo")}`);
}

async function reload({ reload: serve }: LocalServer): Promise<void> {
  const began = performance.now();
  try {
    await serve();
    console.log(`Reloaded in ${Math.round(performance.now() - began)} ms`);
  } catch (error) {
    console.error(styleText("red", textOf(error)));
  }
}

// Miniflare's own handlers leave at once, which would skip the orderly end. npm's shell may swallow the signal meant for
// us, so the end of our parent counts as one.
function stopOnSignal({ stop }: LocalServer): void {
  let isStopping = false;
  const end = async () => {
    if (isStopping) return;
    isStopping = true;
    await stop();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, end);
  }
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), PARENT_CHECK_MS).unref();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
