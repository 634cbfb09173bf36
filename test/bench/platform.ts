import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { startServer } from "../../scripts/local/server.ts";
import type { Variables } from "../../scripts/local/settings.ts";
import { testSecrets } from "../support/secrets.ts";
import { send as sendLean } from "./lean-client.ts";

const root = path.resolve(import.meta.dirname, "../..");

export interface BenchPlatform {
  url: string;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The answer as it comes: status, headers and body are the caller's to read. */
  send(method: string, path: string, body?: unknown): Promise<Response>;
  /** A further tenant on its plan's limits; `call` works in one whose limits stand in nobody's way. */
  tenant(): Promise<BenchTenant>;
  asOperator<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The process that serves, where the system tells. */
  pid(): number | null;
  /** The runtime ends and comes back; what stood in memory is gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchTenant {
  id: string;
  token: string;
  apiKey: string;
}

// Above what one process can serve: only the suite of the gate measures at a limit.
const UNLIMITED = { limit: 1_000_000_000, windowSeconds: 60 };

/** A fresh platform with a tenant of its own, its state under `folder` (a disk, or memory). */
export async function aBenchPlatform(folder: string, inspectorPort?: number): Promise<BenchPlatform> {
  const state = mkdtempSync(path.join(folder, "weft-bench-"));
  const variables: Variables = { ...testSecrets(), WEFT_ALLOW_LOOPBACK: "1", WEFT_TEST_FIXTURES: "1" };
  const server = await startServer({
    root,
    state,
    port: 0,
    variables,
    ...(inspectorPort !== undefined && { inspectorPort }),
    log: () => {},
  });
  const asked = (method: string, body: unknown, token?: string) => ({
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const send = async (method: string, address: string, body: unknown, token?: string) => {
    const { status, text } = await sendLean(`${server.url}${address}`, asked(method, body, token));
    if (status >= 400) throw new Error(`${method} ${address} answered ${status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  let tenants = 0;
  const tenant = async (): Promise<BenchTenant> => {
    const owner = { email: `bench-${++tenants}@example.com`, password: "a long bench passphrase" };
    const { accessToken: token, tenant: made } = await send("POST", "/v1/auth/register", owner);
    const { key } = await send("POST", "/v1/api-keys", { name: "Bench", scopes: ["*"] }, token);
    return { id: made.id, token, apiKey: key };
  };
  const asOperator: BenchPlatform["asOperator"] = (method, address, body) =>
    send(method, `/v1/operator${address}`, body, variables.OPERATOR_TOKEN);
  const { id, token } = await tenant();
  const rates = ["requests", "requests-per-principal", "reads", "writes", "run-starts", "model-calls"];
  const quotas = ["runs", "documents", "llm-tokens"];
  const limits = Object.fromEntries([
    ...rates.map((name) => [name, UNLIMITED]),
    ...quotas.map((name) => [name, { limit: UNLIMITED.limit }]),
  ]);
  await asOperator("PUT", `/tenants/${id}/limits`, { limits, reason: "bench" });
  return {
    tenant,
    asOperator,
    url: server.url,
    call: (method, address, body) => send(method, address, body, token),
    send: (method, address, body) => fetch(`${server.url}${address}`, asked(method, body, token)),
    pid: () => server.runtimePid(),
    restart: () => server.reload(),
    async stop() {
      await server.stop();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

export interface TrivialFunction {
  url: string;
  calls(): number;
  /** Resolves when the next call arrives. */
  called(): Promise<void>;
  stop(): Promise<void>;
}

/** An endpoint that answers at once: the outside that Task states call. */
export async function aTrivialFunction(): Promise<TrivialFunction> {
  let arrived = () => {};
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    arrived();
    request.resume();
    response.setHeader("content-type", "application/json").end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls: () => calls,
    called: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
