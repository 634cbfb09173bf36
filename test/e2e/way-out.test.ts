import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBenchPlatform, type BenchPlatform } from "../bench/platform.ts";

describe("a call out of the local server", { timeout: 30_000 }, () => {
  let platform: BenchPlatform;
  let provider: Server;
  let heard: IncomingHttpHeaders = {};
  const ask = (model: string) =>
    platform.send("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "hi" }] });
  beforeAll(async () => {
    provider = createServer((request, response) => {
      heard = request.headers;
      request.resume();
      const choices = [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }];
      response.setHeader("content-type", "application/json").end(JSON.stringify({ choices }));
    }).listen(0, "127.0.0.1");
    await once(provider, "listening");
    platform = await aBenchPlatform(tmpdir());
    const origin = `127.0.0.1:${(provider.address() as AddressInfo).port}`;
    await platform.call("PUT", "/v1/providers/plain", { kind: "openai-compatible", baseUrl: `http://${origin}/v1` });
    await platform.call("PUT", "/v1/providers/closed", {
      kind: "openai-compatible",
      baseUrl: "http://127.0.0.1:9/v1",
      timeoutMs: 1_000,
    });
  }, 60_000);
  afterAll(async () => {
    await platform.stop();
    provider.close();
  });

  it("leaves by the runtime's own way, not through the Worker that Miniflare puts before the network", async () => {
    expect((await ask("plain/m")).status).toBe(200);
    expect(heard).toMatchObject({ host: expect.stringContaining("127.0.0.1"), "content-type": "application/json" });
    // What that Worker sets.
    expect(heard["cf-worker"]).toBeUndefined();
  });

  it("tells a closed port as a provider that failed", async () => {
    expect((await ask("closed/m")).status).toBe(502);
  });
});
