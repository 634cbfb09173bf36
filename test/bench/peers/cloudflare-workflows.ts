import { APPROVED_AFTER_MS, type Peer, until } from "./peer.ts";
import { peerWorker } from "./worker.ts";

interface Span {
  from: number;
  to: number;
}

/** Cloudflare Workflows as they run on a laptop: the same runtime as ours, its state under `folder`. */
export async function cloudflareWorkflows(folder: string): Promise<Peer> {
  const { url, stop } = await peerWorker(folder, {
    name: "workflows",
    script: "cloudflare-worker.mjs",
    workflows: { BENCH: { name: "bench", className: "Bench" } },
  });
  let runs = 0;
  const call = async (address: string) => {
    const response = await fetch(new URL(address, url));
    if (!response.ok) throw new Error(`The Worker answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const start = async (kind: string, size: number) => {
    const id = `r${++runs}`;
    await call(`/start?id=${id}&kind=${kind}&size=${size}`);
    return id;
  };
  const ended = async (id: string): Promise<Span> => {
    let span: Span | null = null;
    await until(async () => {
      const { status, output } = (await (await call(`/status?id=${id}`)).json()) as { status: string; output: Span };
      if (status === "complete") span = output;
      return span !== null;
    }, 60);
    return span ?? { from: Number.NaN, to: Number.NaN };
  };
  const ms = ({ from, to }: Span) => to - from;
  return {
    name: "Cloudflare Workflows, local",
    chain: async (steps) => ms(await ended(await start("chain", steps))),
    map: async (width) => ms(await ended(await start("map", width))),
    async approval() {
      const id = await start("approval", 1);
      await new Promise((resolve) => setTimeout(resolve, APPROVED_AFTER_MS));
      const { at } = (await (await call(`/approve?id=${id}`)).json()) as { at: number };
      return (await ended(id)).to - at;
    },
    async runs(count) {
      const startedAt = Date.now();
      const ids = await Promise.all(Array.from({ length: count }, () => start("chain", 10)));
      const spans: Span[] = [];
      for (const id of ids) spans.push(await ended(id));
      return Math.max(...spans.map(({ to }) => to)) - startedAt;
    },
    stop,
  };
}
