import { usablePort } from "../../../scripts/local/processes.ts";
import { send } from "../lean-client.ts";
import { APPROVED_AFTER_MS, type Peer } from "./peer.ts";
import { HOST, peerWorker } from "./worker.ts";

export const FLOOR = "Bare object, same runtime";

/** The floor of every engine in this runtime: a Worker and its object that write the journal and do nothing else, served and stored as ours. */
export async function bareObject(folder: string): Promise<Peer> {
  const { url, stop } = await peerWorker(folder, {
    name: "bare",
    script: "bare-worker.mjs",
    port: await usablePort(HOST, 0, false),
    durableObjects: { BARE: { className: "Bare", useSQLite: true } },
  });
  let objects = 0;
  const call = async (work: string, id: string, size = 1) => {
    const { status, text } = await send(`${url}${work}?id=${id}&size=${size}`, { method: "POST" });
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
    stop,
  };
}
