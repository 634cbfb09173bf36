import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBenchPlatform, type BenchPlatform } from "../bench/platform.ts";

// Streams over real connections: only those are gathered by the runtime (services/llm/gathered-reader.ts).

const event = (delta: object, reason: string | null = null) => {
  const choices = [{ index: 0, delta, finish_reason: reason }];
  return `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
};
const END = [
  event({}, "stop"),
  'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n',
  "data: [DONE]\n\n",
];

describe("a stream of a model", { timeout: 30_000 }, () => {
  let platform: BenchPlatform;
  let provider: Server;
  let answer: (response: ServerResponse) => Promise<void>;
  beforeAll(async () => {
    provider = createServer(async (request, response) => {
      for await (const _ of request);
      response.writeHead(200, { "content-type": "text/event-stream" });
      await answer(response);
    }).listen(0, "127.0.0.1");
    await once(provider, "listening");
    platform = await aBenchPlatform(tmpdir());
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
    // What breaks off many times has a circuit breaker of its own, which nobody else needs closed.
    for (const name of ["mock", "breaking"]) {
      await platform.call("PUT", `/v1/providers/${name}`, { kind: "openai-compatible", baseUrl });
    }
  }, 60_000);
  afterAll(async () => {
    await platform.stop();
    provider.closeAllConnections();
    provider.close();
  });

  const ask = async (model = "mock/m") => {
    const response = await platform.send("POST", "/v1/chat/completions", {
      model,
      stream: true,
      messages: [{ role: "user", content: "hi" }],
    });
    return response.body?.pipeThrough(new TextDecoderStream()) ?? new ReadableStream<string>();
  };

  it("comes whole and in order however quick it is, many at a time", async () => {
    const words = Array.from({ length: 300 }, (_, index) => event({ content: `${index} ` }));
    answer = async (response) => {
      for (const part of [...words, ...END]) {
        if (!response.write(part)) await once(response, "drain");
        await new Promise(setImmediate);
      }
      response.end();
    };
    const texts = await Promise.all(
      Array.from({ length: 12 }, async () => (await Array.fromAsync(await ask())).join("")),
    );
    for (const text of texts) expect(text).toBe(`${words.join("")}${END[0]}${END[2]}`);
  });

  it("passes each event on before the next is said", async () => {
    const heard = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    answer = async (response) => {
      for (const [index, { promise }] of heard.entries()) {
        response.write(event({ content: `<${index}>` }));
        await promise;
      }
      response.end(END.join(""));
    };
    let text = "";
    for await (const part of await ask()) {
      text += part;
      for (const [index, { resolve }] of heard.entries()) if (text.includes(`<${index}>`)) resolve();
    }
    expect(text).toContain("[DONE]");
  });

  it("ends with an error event when the provider breaks off in the middle of one", async () => {
    answer = async (response) => {
      response.write(`${event({ content: "hello" })}data: {"id":"c1","cho`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    };
    const text = (await Array.fromAsync(await ask())).join("");
    const events = text.trimEnd().split("\n\n");
    expect(events).toHaveLength(2);
    expect(events[1]).toContain('"server_error"');
  });

  it("ends with an error event when a quick provider breaks off", async () => {
    answer = async (response) => {
      for (let index = 0; index < 40; index++) {
        response.write(event({ content: `${index} ` }));
        await new Promise(setImmediate);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
      response.destroy();
    };
    const texts = await Promise.all(
      Array.from({ length: 12 }, async () => (await Array.fromAsync(await ask("breaking/m"))).join("")),
    );
    for (const text of texts) {
      expect(text).not.toContain("[DONE]");
      expect(text.trimEnd().split("\n\n").at(-1)).toContain('"server_error"');
    }
  });

  it("stops the provider when its reader leaves", async () => {
    const left = Promise.withResolvers<void>();
    answer = async (response) => {
      const talking = setInterval(() => response.write(event({ content: "hello" })), 5);
      response.on("close", () => {
        clearInterval(talking);
        left.resolve();
      });
    };
    const reader = (await ask()).getReader();
    await reader.read();
    await reader.cancel();
    await left.promise;
  });

  it("holds the provider back when its reader does not read", async () => {
    const MOST = 60;
    const megabyte = event({ content: "x".repeat(1_000_000) });
    let said = 0;
    const held = Promise.withResolvers<void>();
    answer = async (response) => {
      for (; said < MOST; said++) {
        if (response.write(megabyte)) continue;
        const drained = await Promise.race([
          once(response, "drain"),
          new Promise((resolve) => setTimeout(resolve, 500, null)),
        ]);
        if (drained === null) break;
      }
      held.resolve();
      response.destroy();
    };
    const reader = (await ask()).getReader();
    await held.promise;
    await reader.cancel();
    // What the sockets on the way hold is a few megabytes.
    expect(said).toBeLessThan(MOST / 2);
  });
});
