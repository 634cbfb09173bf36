import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { type LeanAnswer, send } from "../lean-client.ts";
import { APPROVED_AFTER_MS, PEERS, type Peer, until } from "./peer.ts";

const [INGRESS, ADMIN, NODE, SERVICE] = [18_080, 19_070, 15_122, 19_080];
const ingress = `http://127.0.0.1:${INGRESS}`;
const admin = `http://127.0.0.1:${ADMIN}`;

/** Restate's server of npm with its own store under `folder`, and a service in a Node process of its own. */
export async function restate(folder: string): Promise<Peer> {
  const state = mkdtempSync(path.join(folder, "restate-bench-"));
  const binary = path.join(
    PEERS,
    `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  const server = spawn(binary, ["--no-logo", "--base-dir", state, "--node-name", "bench", "--listen-mode", "tcp"], {
    stdio: "ignore",
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${INGRESS}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ADMIN}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${NODE}`,
    },
  });
  const service = spawn(process.execPath, [path.join(PEERS, "restate-service.mjs"), String(SERVICE)], {
    stdio: "ignore",
  });
  const stop = async () => {
    service.kill();
    server.kill();
    await new Promise((resolve) => server.once("exit", resolve));
    rmSync(state, { recursive: true, force: true });
  };
  try {
    await until(async () => (await send(`${admin}/health`)).status === 200, 30);
    const uri = `http://127.0.0.1:${SERVICE}`;
    await until(async () => (await post(`${admin}/deployments`, { uri })).status < 300, 15);
    await until(async () => (await post(`${ingress}/bench/chain`, 1)).status === 200, 15);
  } catch (error) {
    await stop();
    throw error;
  }
  let approvals = 0;
  return {
    name: "Restate",
    chain: (steps) => timed(() => post(`${ingress}/bench/chain`, steps)),
    map: (width) => timed(() => post(`${ingress}/bench/map`, width)),
    async approval() {
      const id = `a${++approvals}`;
      const ended = send(`${ingress}/approval/${id}/run`, { method: "POST" });
      await new Promise((resolve) => setTimeout(resolve, APPROVED_AFTER_MS));
      return timed(async () => {
        const approved = send(`${ingress}/approval/${id}/approve`, { method: "POST" });
        await ended;
        return approved;
      });
    },
    runs: (count) =>
      timed(async () => {
        const all = await Promise.all(Array.from({ length: count }, () => post(`${ingress}/bench/chain`, 10)));
        return all.find(({ status }) => status >= 400) ?? { status: 200, text: "" };
      }),
    stop,
  };
}

function post(url: string, body: unknown): Promise<LeanAnswer> {
  const headers = { "content-type": "application/json" };
  return send(url, { method: "POST", headers, body: JSON.stringify(body) });
}

async function timed(call: () => Promise<{ status: number; text: string }>): Promise<number> {
  const startedAt = performance.now();
  const { status, text } = await call();
  if (status >= 400) throw new Error(`Restate answered ${status}: ${text}`);
  return performance.now() - startedAt;
}
