import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalServer, type LogLine, startServer } from "../../scripts/local/server.ts";

const PROJECT = path.resolve(import.meta.dirname, "../..");
const FIXTURE = path.join(PROJECT, "test/fixtures/local-server");

describe("the local server", { timeout: 30_000 }, () => {
  let root = "";
  let stops: (() => unknown)[] = [];
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "weft-server-"));
    cpSync(FIXTURE, root, { recursive: true });
    symlinkSync(path.join(PROJECT, "node_modules"), path.join(root, "node_modules"));
  });
  afterEach(async () => {
    for (const stop of stops.reverse()) await stop();
    stops = [];
    rmSync(root, { recursive: true, force: true });
  });

  it("gives the Worker its variables, databases, objects, queues and schedules", async () => {
    const lines: LogLine[] = [];
    const { url, migrated } = await start({ log: (line) => lines.push(line) });
    expect(migrated).toEqual(["0000_notes.sql"]);
    expect(await ask(url, "/count")).toBe(1);
    await ask(url, "/queue");
    await vi.waitFor(async () => {
      const { notes } = (await ask(url, "/")) as { notes: string[] };
      expect(notes).toEqual(["cron * * * * * *", "queued"]);
    }, 5_000);
    expect(await ask(url, "/")).toMatchObject({ greeting: "hello", publicUrl: url, digest: "e627e223" });
    expect(lines).toContainEqual({ level: "warn", message: "asked for /count" });
  });

  it("goes on from disk after a kill -9, ending the runtime left behind", async () => {
    const { child, url, runtimePid } = await spawnServer();
    expect([await ask(url, "/count"), await ask(url, "/count")]).toEqual([1, 2]);
    await ask(url, "/note");
    child.kill("SIGKILL");
    await once(child, "exit");

    const next = await start({});
    expect(next.migrated).toEqual([]);
    expect(await ask(next.url, "/count")).toBe(3);
    expect(await ask(next.url, "/")).toMatchObject({ notes: expect.arrayContaining(["written"]) });
    expect(next.runtimePid()).not.toBe(runtimePid);
    await expect(fetch(url, { signal: AbortSignal.timeout(1_000) })).rejects.toThrow();
  });

  it("is stopped no sooner than what its last answers left behind is written", async () => {
    const { url, stop } = await start({});
    await ask(url, "/later");
    await stop();
    const next = await start({});
    expect(await ask(next.url, "/")).toMatchObject({ notes: expect.arrayContaining(["written later"]) });
  });

  it("replaces a runtime that was killed, and keeps its data", async () => {
    const server = await start({});
    expect(await ask(server.url, "/count")).toBe(1);
    const killed = server.runtimePid() ?? 0;
    process.kill(killed, "SIGKILL");
    await vi.waitFor(async () => expect(await ask(server.url, "/count")).toBe(2), 5_000);
    expect(server.runtimePid()).not.toBe(killed);
  });

  it("refuses a second server of the same state", async () => {
    await spawnServer();
    await expect(start({})).rejects.toThrow(/is served by process \d+ on port \d+/);
  });

  it("says so when the port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    stops.push(() => other.close());
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`);
  });

  it("undoes a migration that fails half-way, and applies it once mended", async () => {
    const file = path.join(root, "migrations/0001_tags.sql");
    writeFileSync(file, "CREATE TABLE tags (id TEXT);\n--> statement-breakpoint\nCREATE TABLE notes (id TEXT);\n");
    await expect(start({})).rejects.toThrow("Migration 0001_tags.sql failed and was undone");
    writeFileSync(file, "CREATE TABLE tags (id TEXT);\n");
    expect((await start({})).migrated).toEqual(["0001_tags.sql"]);
  });

  it("serves the saved change after a reload, and keeps serving when the change does not build", async () => {
    const { url, reload } = await start({});
    const worker = path.join(root, "worker.ts");
    writeFileSync(worker, 'export class Counter {}\nexport default { fetch: () => Response.json("changed") };\n');
    await reload();
    expect(await ask(url, "/")).toBe("changed");
    writeFileSync(worker, "export default {");
    await expect(reload()).rejects.toThrow(/worker\.ts:1/);
    expect(await ask(url, "/")).toBe("changed");
  });

  async function start(options: { port?: number; log?: (line: LogLine) => void }): Promise<LocalServer> {
    const server = await startServer({
      root,
      state: "state",
      port: 0,
      variables: {},
      log: () => undefined,
      ...options,
    });
    stops.push(() => server.stop());
    return server;
  }

  async function spawnServer(): Promise<{ child: ChildProcess; url: string; runtimePid: number }> {
    const child = spawn(process.execPath, [path.join(FIXTURE, "serve.ts"), root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const { url, runtimePid } = JSON.parse(line) as { url: string; runtimePid: number };
    stops.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    });
    return { child, url, runtimePid };
  }
});

async function ask(url: string, route: string): Promise<unknown> {
  const response = await fetch(`${url}${route}`, { signal: AbortSignal.timeout(5_000) });
  return response.json();
}
