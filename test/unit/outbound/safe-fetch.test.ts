import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { safeFetch } from "../../../adapters/outbound/safe-fetch.ts";

let server: Server;
let origin = "";
let closedEarly = 0;
let lost = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    switch (request.url) {
      case "/echo":
        response.end(JSON.stringify(request.headers));
        break;
      case "/redirect":
        response.writeHead(302, { location: "http://169.254.169.254/" }).end();
        break;
      case "/large":
        response.end("x".repeat(5_000));
        break;
      case "/reset":
        request.socket.destroy();
        break;
      case "/lost-once":
        if (++lost % 2 === 1) request.socket.destroy();
        else response.end("answered");
        break;
      case "/slow-body":
        response.write("first");
        response.on("close", () => {
          closedEarly += 1;
        });
        break;
      case "/silent":
        break;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const outbound = safeFetch({ allowLoopback: true, ownHosts: [] });
const get = (path: string, more: object = {}) =>
  outbound.fetch({ url: `${origin}${path}`, method: "GET", timeoutMs: 2_000, ...more });

describe("a call", () => {
  it("leaves by the way that it is given, once its target was judged", async () => {
    const left: string[] = [];
    const given = safeFetch({
      allowLoopback: true,
      ownHosts: [],
      fetch: async (url, { method }) => {
        left.push(`${method} ${url}`);
        return new Response("given");
      },
    });
    const answer = await given.fetch({ url: `${origin}/echo`, method: "PUT", timeoutMs: 2_000 });
    expect(await answer.text()).toBe("given");
    await expect(given.fetch({ url: "http://10.0.0.1/", method: "GET", timeoutMs: 2_000 })).rejects.toThrow();
    expect(left).toEqual([`PUT ${origin}/echo`]);
  });

  it("carries headers, but none that belong to the connection or to a proxy", async () => {
    const headers = {
      "x-mine": "1",
      Host: "evil.example",
      "X-Forwarded-For": "1.2.3.4",
      "cf-connecting-ip": "1.2.3.4",
    };
    const seen = JSON.parse(await (await get("/echo", { headers })).text());
    expect(seen["x-mine"]).toBe("1");
    expect(seen.host).toBe(new URL(origin).host);
    expect(seen["x-forwarded-for"]).toBeUndefined();
    expect(seen["cf-connecting-ip"]).toBeUndefined();
  });

  it("refuses a header that would split the request", async () => {
    await expect(get("/echo", { headers: { a: "b\r\nc: d" } })).rejects.toMatchObject({ code: "validation-failed" });
  });

  it("answers a redirect as it is and does not follow it", async () => {
    const response = await get("/redirect");
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("http://169.254.169.254/");
  });

  it("does not leave for a forbidden target", async () => {
    await expect(outbound.fetch({ url: "https://10.0.0.1/", method: "GET", timeoutMs: 100 })).rejects.toMatchObject({
      code: "forbidden-target",
      message: "The address is not a public address.",
    });
  });

  it("does not leave for a name that points into a private range", async () => {
    const guarded = safeFetch({ allowLoopback: false, ownHosts: [], resolve: async () => ["1.1.1.1", "10.0.0.1"] });
    await expect(
      guarded.fetch({ url: "https://rebind.example/", method: "GET", timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: "forbidden-target" });
  });
});

describe("a connection that is lost before an answer comes", () => {
  it.each([
    ["a method that may be repeated", { method: "GET" }],
    ["a key that says what is the same", { method: "POST", body: "{}", headers: { "Idempotency-Key": "run_1/1" } }],
  ])("is tried once more with %s", async (_what, more) => {
    lost = 0;
    expect(await (await get("/lost-once", more)).text()).toBe("answered");
    expect(lost).toBe(2);
  });

  it("fails a call that might do twice what it asks for", async () => {
    lost = 0;
    await expect(get("/lost-once", { method: "POST", body: "{}" })).rejects.toMatchObject({ code: "unavailable" });
    expect(lost).toBe(1);
  });
});

describe("an upstream that fails", () => {
  it.each([
    ["is silent", "/silent", { timeoutMs: 50 }, "timeout"],
    ["stops in its body", "/slow-body", { timeoutMs: 50 }, "timeout"],
    ["sends too much", "/large", { maxBytes: 4_999 }, "too-large"],
    ["resets", "/reset", {}, "network"],
  ])("is a problem when it %s", async (_name, path, more, reason) => {
    const failure = await get(path, more)
      .then((response) => response.text())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unavailable", members: { reason } });
  });

  it("is let go once its text is given up", async () => {
    const before = closedEarly;
    await (await get("/slow-body", { timeoutMs: 30 })).text().catch(() => null);
    await expect.poll(() => closedEarly).toBeGreaterThan(before);
  });

  it("reads exactly the bound", async () => {
    expect(await (await get("/large", { maxBytes: 5_000 })).text()).toHaveLength(5_000);
  });

  it("has no time bound once its stream is taken", async () => {
    const response = await get("/slow-body", { timeoutMs: 40 });
    const reader = response.stream?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    const more = reader?.read().then(
      () => "ended",
      () => "failed",
    );
    const silence = new Promise<string>((resolve) => setTimeout(resolve, 80, "silent"));
    expect(await Promise.race([more, silence])).toBe("silent");
    await reader?.cancel();
  });

  it("gives the caller's own reason when the caller stops it", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await expect(get("/silent", { signal: stop.signal })).rejects.toThrow("enough");
  });
});
