import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** A server of the bench, and how it is stopped. */
export interface Peer {
  url: string;
  stop(): Promise<void>;
}

const EVENTS = 50;

const chunk = (choices: object[], usage: object | null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices, usage })}\n\n`;
const delta = (content: string) => chunk([{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], null);
const usage = { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 };
const STREAM = [
  ...Array.from({ length: EVENTS }, (_, index) => delta(`word${index} `)),
  chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }], null),
  chunk([], usage),
  "data: [DONE]\n\n",
];
const message = { role: "assistant", content: "A short answer of a few words.", refusal: null };
const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
  usage,
});

/** The provider behind all of them: answers at once, streams with one write an event, as fast as they are taken. */
export async function aMockProvider(): Promise<Peer> {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    if (!text.includes('"stream":true')) {
      response.writeHead(200, { "content-type": "application/json" }).end(COMPLETION);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of STREAM) {
      if (!response.write(event)) await once(response, "drain");
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The least that a gateway in this runtime can do: the request's body out, the answer's body back. */
export async function aPassThrough(upstream: string): Promise<Peer> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      workers: [
        {
          name: "pass-through",
          compatibilityDate: "2026-10-01",
          modules: true,
          script: `export default {
          async fetch(request) {
            const body = await request.text();
            const headers = { "content-type": "application/json" };
            const answer = await fetch("${upstream}/v1/chat/completions", { method: "POST", headers, body });
            return new Response(answer.body, answer);
          }
        }`,
        },
      ],
    }),
  );
  const url = (await runtime.ready).origin;
  return { url, stop: () => runtime.dispose() };
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
