import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { readiness } from "../../../scripts/local/readiness.ts";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function answering(body: string | null, status = 200): Promise<string> {
  const listening = createServer((_, response) => {
    if (body !== null) response.writeHead(status).end(body);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe("what the start tells of the ports", () => {
  it("is a line each, with the state of those that are not up", async () => {
    const dependencies = [
      { name: "database", implementation: "d1", status: "up" },
      { name: "mail", implementation: "mailbox", status: "down" },
    ];
    const url = await answering(JSON.stringify({ dependencies }));
    expect(await readiness(url)).toEqual(["database  d1", "mail      mailbox (down)"]);
  });

  it("points to the log where the answer is something else", async () => {
    const url = await answering("<html>", 500);
    expect(await readiness(url)).toEqual(["/ready answered 500; the log says why"]);
  });

  it("says that no answer came, and leaves the server running", async () => {
    const url = await answering(null);
    expect(await readiness(url, 20)).toEqual(["/ready has not answered in 0.02 s; the server goes on"]);
  });
});
