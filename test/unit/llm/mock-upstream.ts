import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { chatModels } from "../../../adapters/chat-model/chat-models.ts";
import { safeFetch } from "../../../adapters/outbound/safe-fetch.ts";
import type { ProviderAccess, ProviderModels } from "../../../services/llm/ports.ts";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** A provider that answers what the test tells it to, over real HTTP. */
export interface MockUpstream {
  url: string;
  received: Received[];
  /** Streams that the caller closed before their end. */
  closedEarly: number;
  /** One answer for each call, in order; the last one again and again. */
  answers(...answers: Answer[]): void;
  models(more?: Partial<ProviderAccess>): ProviderModels;
  close(): void;
}

export type Answer = (response: ServerResponse, received: Received) => void | Promise<void>;

export async function mockUpstream(): Promise<MockUpstream> {
  let queue: Answer[] = [];
  const received: Received[] = [];
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const call = { path: request.url ?? "", headers: request.headers, body: text === "" ? {} : JSON.parse(text) };
    received.push(call);
    response.on("close", () => {
      if (!response.writableFinished) upstream.closedEarly += 1;
    });
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    await answer?.(response, call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: MockUpstream = {
    url,
    received,
    closedEarly: 0,
    answers(...answers) {
      queue = answers;
      received.length = 0;
    },
    models: (more = {}) =>
      chatModels({
        outbound: safeFetch({ allowLoopback: true, ownHosts: [] }),
        clock: { now: () => Date.now() },
        random: { next: () => 0 },
      }).open({
        name: "mock",
        kind: "openai-compatible",
        baseUrl: `${url}/v1/`,
        apiKey: "sk-secret",
        timeoutMs: 2_000,
        prices: {},
        ...more,
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

export const silence: Answer = () => {};

export const reset: Answer = (response) => {
  response.destroy();
};

export function completion(content = "hello", more: object = {}): object {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "mock-1",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    ...more,
  };
}

export function chunk(delta: object, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices, usage: null })}\n\n`;
}

export const USAGE = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
export const usageChunk = `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: USAGE })}\n\n`;
export const WHOLE_STREAM = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "hel" }),
  chunk({ content: "lo" }),
  chunk({}, { finish_reason: "stop" }),
  usageChunk,
  "data: [DONE]\n\n",
];

/** Sends the parts one after the other; `then` says how it goes on. */
export function events(parts: readonly string[], then: "end" | "hang" | "reset" = "end"): Answer {
  return async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const part of parts) {
      response.write(part);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (then === "end") response.end();
    if (then === "reset") response.destroy();
  };
}
