import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { internet } from "../../scripts/local/internet.ts";
import { runtimeServing, usablePort } from "../../scripts/local/processes.ts";

const HOST = "127.0.0.1";

/** A server of the bench, and how it is stopped. */
export interface Peer {
  url: string;
  /** Its process, where the system tells. */
  pid: number | null;
  stop(): Promise<void>;
}

/** The provider behind all of them, out of the way of the client that measures. */
export async function aMockProvider(): Promise<Peer> {
  const child = fork(path.join(import.meta.dirname, "mock-provider.ts"));
  const [port] = await once(child, "message");
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? null,
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

/**
 * The least that a gateway in this runtime can do: Hono takes the request's body out and the answer's body back. `plain`, it is reached
 * and calls out as Miniflare has it by itself, through Workers of Miniflare's own; `direct`, as the platform's own server does: the
 * port leads to the Worker itself, and its calls to the network itself.
 */
export async function aPassThrough(upstream: string, way: "plain" | "direct"): Promise<Peer> {
  const contents = `
    import { Hono } from "hono";
    export default new Hono().post("/v1/chat/completions", async (http) => {
      const headers = { "content-type": "application/json" };
      const body = await http.req.text();
      const out = http.env.INTERNET ?? globalThis;
      const answer = await out.fetch("${upstream}/v1/chat/completions", { method: "POST", headers, body });
      return new Response(answer.body, answer);
    });`;
  const built = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    write: false,
  });
  const port = await usablePort(HOST, 0, false);
  const options = convertV4MiniflareOptions({
    host: HOST,
    port,
    cf: false,
    workers: [
      {
        name: "pass-through",
        compatibilityDate: "2026-10-01",
        modules: true,
        script: built.outputFiles.map(({ text }) => text).join(""),
        ...(way === "direct" && {
          unsafeDirectSockets: [{ host: HOST, port: 0 }],
          serviceBindings: internet(),
        }),
      },
    ],
  });
  const runtime = new Miniflare(options);
  const { origin: url } = way === "plain" ? await runtime.ready : await runtime.unsafeGetDirectURL("pass-through");
  return { url, pid: runtimeServing(port), stop: () => runtime.dispose() };
}

// On Node 24 Portkey 1.15.2 answers every stream with 500: it appends to the headers of what `fetch` gave it, which are fixed.
// With headers of their own its streams work; what that costs is less than the machine's noise.
const MUTABLE_HEADERS = `data:text/javascript,${encodeURIComponent(`
  const plain = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const answer = await plain(...request);
    const { status, statusText } = answer;
    return new Response(answer.body, { status, statusText, headers: new Headers(answer.headers) });
  };
`)}`;

/** Portkey's gateway as npm brings it, in a process of its own. */
export async function aPortkey(): Promise<Peer> {
  const entry = path.join(
    path.dirname(createRequire(import.meta.url).resolve("@portkey-ai/gateway/package.json")),
    "build/start-server.js",
  );
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(process.execPath, ["--import", MUTABLE_HEADERS, entry, "--headless", `--port=${port}`], {
    stdio: "ignore",
    // It refuses loopback addresses unless it is told that they are trusted.
    env: { ...process.env, NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
  });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    if (await answers(url)) break;
    if (attempt === 100) throw new Error("Portkey does not come up.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    pid: child.pid ?? null,
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).text();
    return true;
  } catch {
    return false;
  }
}
