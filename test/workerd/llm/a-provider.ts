import { vi } from "vitest";
import type { TestMember } from "../../support/a-tenant.ts";

export interface ReceivedCall {
  url: string;
  headers: Headers;
  body: Record<string, unknown>;
}

export type Upstream = (call: ReceivedCall) => Response | Promise<Response>;

const upstreams = new Map<string, Upstream>();
let providers = 0;

/** A provider of the tenant whose server answers as `upstream` says. */
export async function aProvider(
  member: TestMember,
  upstream: Upstream,
  more: Record<string, unknown> = {},
  name = "mock",
): Promise<void> {
  listen();
  const host = `mock-${++providers}.example.com`;
  upstreams.set(host, upstream);
  const body = { kind: "openai-compatible", baseUrl: `https://${host}/v1`, apiKey: "sk-very-secret", ...more };
  const { status } = await member.call(`/v1/providers/${name}`, { method: "PUT", body });
  if (status >= 300) throw new Error(`The provider was refused with ${status}.`);
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

export function completion(content: string, more: object = {}): object {
  return {
    id: "chatcmpl-up",
    object: "chat.completion",
    created: 1_750_000_000,
    model: "m-2026-01-01",
    choices: [
      { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
    ...more,
  };
}

export function chunk(delta: object, reason: string | null = null, usage: object | null = null): string {
  const choices = usage === null ? [{ index: 0, delta, logprobs: null, finish_reason: reason }] : [];
  const shared = { id: "c1", object: "chat.completion.chunk", created: 1_750_000_000, model: "m" };
  return `data: ${JSON.stringify({ ...shared, choices, usage })}\n\n`;
}

/** Sends the parts, with pauses behind the first; then ends, or stays silent. `onCancel` tells that the reader has left. */
export function eventStream(parts: string[], { hangs = false, pauseMs = 0, onCancel = () => {} } = {}): Response {
  let sent = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (sent++ > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const part = parts.shift();
      if (part !== undefined) controller.enqueue(new TextEncoder().encode(part));
      else if (!hangs) controller.close();
      else await new Promise(() => {});
    },
    cancel: onCancel,
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** The tests share their isolate with the Worker, so the one door to the outside can be stood in for here. */
function listen(): void {
  if (vi.isMockFunction(globalThis.fetch)) return;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const upstream = upstreams.get(new URL(request.url).host);
    if (upstream === undefined) throw new Error(`Nobody answers for ${request.url}.`);
    const text = await request.text();
    const body = text === "" ? {} : JSON.parse(text);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    return Promise.race([upstream({ url: request.url, headers: request.headers, body }), stopped]);
  });
}
