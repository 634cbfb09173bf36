import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog, type V4WorkerOptions } from "miniflare";
import { PEERS } from "./peer.ts";

export const HOST = "127.0.0.1";

/** What a Worker is bound to, beside its code. */
type Bindings = Pick<V4WorkerOptions, "durableObjects" | "workflows">;

export interface PeerWorker {
  readonly url: URL;
  stop(): Promise<void>;
}

/**
 * A peer's Worker, in the runtime that ours runs in. Its state lies in a folder of its own under `folder` until it stops. With a
 * `port` it is served there by the runtime itself, as ours is, with no proxy before it.
 */
export async function peerWorker(
  folder: string,
  { name, script, port, ...bindings }: { name: string; script: string; port?: number } & Bindings,
): Promise<PeerWorker> {
  const state = mkdtempSync(path.join(folder, `${name}-bench-`));
  const options = convertV4MiniflareOptions({
    host: HOST,
    port: 0,
    log: new NoOpLog(),
    cf: false,
    resourcePersistencePath: state,
    logRequests: false,
    workers: [
      {
        name,
        modules: true,
        script: readFileSync(path.join(PEERS, script), "utf8"),
        compatibilityDate: "2026-01-01",
        ...bindings,
      },
    ],
  });
  for (const { dev } of options.workers) {
    if (dev === undefined) continue;
    dev.unsafeRegisterWorker = false;
    if (port !== undefined) dev.unsafeDirectSockets = [{ host: HOST, port }];
  }
  const runtime = new Miniflare(options);
  const url = await runtime.ready;
  return {
    url: port === undefined ? url : new URL(`http://${HOST}:${port}/`),
    async stop() {
      await runtime.dispose();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
