// The platform on this machine: the bundled Worker in workerd, driven by Miniflare, with all its state in one folder.
// Not `wrangler dev`, which is four times slower and ends when its runtime is killed with requests under way.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  convertV4MiniflareOptions,
  Miniflare,
  type MiniflareOptions,
  NoOpLog,
  type V4ModuleDefinition,
} from "miniflare";
import { bundler } from "./bundle.ts";
import { startCrons } from "./crons.ts";
import { internet } from "./internet.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { claimState, forgetServing, recordServing, runtimeServing, usablePort } from "./processes.ts";
import type { Variables } from "./settings.ts";
import { type LocalWorker, localWorker } from "./worker-options.ts";

export interface LocalServerOptions {
  /** Where the project lies. */
  root: string;
  /** Folder of all state: databases, objects, files. Made when missing. */
  state: string;
  /** 0 takes any free port. */
  port: number;
  variables: Variables;
  /** Where a debugger may connect; none without it. */
  inspectorPort?: number;
  /** One line that the Worker, or the runtime under it, wrote. */
  log(line: LogLine): void;
}

export interface LogLine {
  level: string;
  message: string;
}

export interface LocalServer {
  url: string;
  /** The workerd under it, for tests that kill it; null where the system does not tell. */
  runtimePid(): number | null;
  /** Names of the migrations that this start applied. */
  migrated: string[];
  /** Serves what is on disk now. A build that fails throws and leaves the old one serving. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
/** The Worker gathers what requests leave behind, the bill among it, and writes it 150 ms after their answers (services/gather.ts). */
const LEFT_BEHIND_MS = 400;

export async function startServer(options: LocalServerOptions): Promise<LocalServer> {
  const { root, log } = options;
  const state = path.resolve(root, options.state);
  mkdirSync(state, { recursive: true });
  const hasEndedOne = await claimState(state);
  // Ended last to first, whether the server stops or does not come up.
  const ends: (() => unknown)[] = [() => forgetServing(state)];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const port = await usablePort(HOST, options.port, hasEndedOne);
    const url = `http://${HOST}:${port}`;
    // Miniflare's own door, for the clock alone; the runtime's command line tells it, and by that the process is known.
    const innerPort = await usablePort(HOST, 0, false);
    const runtimePid = () => runtimeServing(innerPort);
    const variables = { ...options.variables, PUBLIC_URL: options.variables.PUBLIC_URL || url };
    const record = () => recordServing(state, { pid: process.pid, runtimePid: runtimePid(), port });
    const settings = {
      port,
      innerPort,
      state,
      variables,
      inspectorPort: options.inspectorPort,
      log,
      restarted: record,
    };

    const worker = await localWorker(root);
    const build = await bundler(root, worker.main);
    ends.push(() => build.dispose());
    const migrated = await prepareDatabase(worker, state, path.join(root, "migrations"));
    const runtimeOptions = async () => runtimeOf(worker, await build.build(), settings);
    const runtime = new Miniflare(await runtimeOptions());
    ends.push(() => runtime.dispose());
    await runtime.ready;
    ends.push(() => setTimeout(LEFT_BEHIND_MS));
    record();
    const stopCrons = startCrons(runtime, worker.shape.cronTriggers ?? [], (error) => {
      log({ level: "error", message: error instanceof Error ? error.message : String(error) });
    });
    ends.push(stopCrons);
    return {
      url,
      runtimePid,
      migrated,
      reload: async () => {
        await runtime.setOptions(await runtimeOptions());
        record();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface RuntimeSettings {
  port: number;
  innerPort: number;
  state: string;
  variables: Variables;
  inspectorPort: number | undefined;
  log(line: LogLine): void;
  /** Called when Miniflare has replaced a runtime that died. */
  restarted(): void;
}

function runtimeOf(worker: LocalWorker, modules: V4ModuleDefinition[], settings: RuntimeSettings): MiniflareOptions {
  const { shape } = worker;
  const options = convertV4MiniflareOptions({
    host: HOST,
    port: settings.innerPort,
    log: new NoOpLog(),
    handleStructuredLogs: ({ level, message }) => settings.log({ level, message }),
    handleUncaughtError: (error) => settings.log({ level: "error", message: error.stack ?? error.message }),
    unsafeHandleRuntimeRestart: settings.restarted,
    resourcePersistencePath: settings.state,
    logRequests: false,
    unsafeTriggerHandlers: true,
    ...(settings.inspectorPort !== undefined && { inspectorPort: settings.inspectorPort }),
    // Miniflare would ask the network for the place of the caller; a laptop may be offline.
    cf: false,
    workers: [
      {
        ...shape,
        bindings: { ...shape.bindings, ...settings.variables },
        serviceBindings: { ...shape.serviceBindings, ...internet() },
        name: "weft",
        modules,
        modulesRoot: "/",
      },
    ],
  });
  for (const { dev } of options.workers) {
    if (dev === undefined) continue;
    // The registry lets Workers of several dev servers find each other; one server needs none.
    dev.unsafeRegisterWorker = false;
    // The port leads to the Worker itself: what Miniflare puts before it costs half of a small request, and serves nobody here.
    dev.unsafeDirectSockets = [{ host: HOST, port: settings.port }];
  }
  return options;
}
