import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { usablePort } from "../../../scripts/local/processes.ts";
import { send } from "../lean-client.ts";
import { APPROVED_AFTER_MS, PEERS, type Peer } from "./peer.ts";

export const FLOOR = "Bare object, same runtime";
const HOST = "127.0.0.1";

/** The floor of every engine in this runtime: a Worker and its object that write the journal and do nothing else, served and stored as ours. */
export async function bareObject(folder: string): Promise<Peer> {
  const state = mkdtempSync(path.join(folder, "bare-bench-"));
  const port = await usablePort(HOST, 0, false);
  const options = convertV4MiniflareOptions({
    host: HOST,
    port: 0,
    log: new NoOpLog(),
    cf: false,
    resourcePersistencePath: state,
    logRequests: false,
    workers: [
      {
        name: "bare",
        modules: true,
        script: readFileSync(path.join(PEERS, "bare-worker.mjs"), "utf8"),
        compatibilityDate: "2026-01-01",
        durableObjects: { BARE: { className: "Bare", useSQLite: true } },
      },
    ],
  });
  for (const { dev } of options.workers) {
    if (dev === undefined) continue;
    dev.unsafeRegisterWorker = false;
    dev.unsafeDirectSockets = [{ host: HOST, port }];
  }
  const runtime = new Miniflare(options);
  await runtime.ready;
  let objects = 0;
  const call = async (work: string, id: string, size = 1) => {
    const { status, text } = await send(`http://${HOST}:${port}/${work}?id=${id}&size=${size}`, { method: "POST" });
    if (status !== 200) throw new Error(`The Worker answered ${status}: ${text}`);
  };
  const timed = async (work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  const id = () => `o${++objects}`;
  return {
    name: FLOOR,
    chain: (steps) => timed(() => call("chain", id(), steps)),
    map: (width) => timed(() => call("map", id(), width)),
    async approval() {
      const object = id();
      const ended = call("wait", object);
      await new Promise((resolve) => setTimeout(resolve, APPROVED_AFTER_MS));
      let decided: Promise<void> | undefined;
      const ms = await timed(() => {
        decided = call("approve", object);
        return ended;
      });
      await decided;
      return ms;
    },
    runs: (count) => timed(() => Promise.all(Array.from({ length: count }, () => call("chain", id(), 10)))),
    async stop() {
      await runtime.dispose();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
