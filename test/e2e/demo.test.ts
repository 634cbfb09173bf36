import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Review } from "../../domain/workflows/review.ts";
import { connect } from "../../scripts/demo/api.ts";
import { credentialsFile, readCredentials, writeCredentials } from "../../scripts/demo/credentials.ts";
import { prepareDemo } from "../../scripts/demo/first-start.ts";
import { listDocuments, seedDemo } from "../../scripts/demo/seed.ts";
import { type LocalServer, startServer } from "../../scripts/local/server.ts";
import { newSecrets } from "../../scripts/local/settings.ts";

const root = path.join(import.meta.dirname, "../..");
const state = mkdtempSync(path.join(tmpdir(), "weft-demo-"));
const variables = newSecrets();
const serve = (port: number) => startServer({ root, state, port, variables, log: () => {} });

let server: LocalServer;

beforeAll(async () => {
  server = await serve(0);
});

afterAll(async () => {
  await server.stop();
  rmSync(state, { recursive: true, force: true });
});

interface Demo {
  /** What it has printed so far. */
  text(): string;
  printed(part: string): Promise<void>;
  exit: Promise<number | null>;
}

function demo(options: string[] = [], url = server.url): Demo {
  const env = { ...process.env, WEFT_URL: url, WEFT_STATE: state, NO_COLOR: "1" };
  const child = spawn(process.execPath, ["scripts/demo.ts", ...options], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      for (const listener of listeners) listener();
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const printed = (part: string) => {
    return new Promise<void>((resolve, reject) => {
      const look = () => {
        if (text.includes(part)) resolve();
      };
      listeners.add(look);
      look();
      exit.then(() => (text.includes(part) ? resolve() : reject(new Error(`never printed "${part}":\n${text}`))));
    });
  };
  return { text: () => text, printed, exit };
}

describe("npm run demo", () => {
  it("answers a question from the handbook with a verbatim citation, once approved", async () => {
    const run = demo(["--yes"]);
    expect(await run.exit, run.text()).toBe(0);
    expect(run.text()).toContain("26 weeks of parental leave on full pay");
    expect(run.text()).toMatch(/parental-leave\.md, characters \d+ to\s+\d+, word for\s+word/);
    expect(run.text()).toContain("approved by demo@weft.local");
    expect(run.text()).toMatch(/Trace +[0-9a-f]{32}/);
    expect(run.text()).toContain("run.started");
    expect(run.text()).toContain("review.decided");
    expect(run.text()).not.toContain("NOT what the file says");
  });

  it("asks an expert when the handbook does not hold the answer", async () => {
    const run = demo(["--yes", "--question", "What is the capital of Mongolia?"]);
    expect(await run.exit, run.text()).toBe(0);
    expect(run.text()).toContain("◆ Ask an expert");
  });

  it("keeps its credentials for their owner alone and sets nothing up twice", async () => {
    const first = await seedDemo(server.url, state);
    expect(statSync(credentialsFile(state)).mode & 0o777).toBe(0o600);
    expect(first.isNew).toBe(false);
    expect(await seedDemo(server.url, state)).toEqual(first);
  });

  it("completes a set-up that was cut off", async () => {
    const { isNew: _, ...whole } = await seedDemo(server.url, state);
    writeCredentials(state, { email: whole.email, password: whole.password });
    const again = await seedDemo(server.url, state);
    expect(again).toMatchObject({ isNew: true, tenantId: whole.tenantId, knowledgeBaseId: whole.knowledgeBaseId });
    expect(await listDocuments(connect(server.url, again.apiKey), again.knowledgeBaseId)).toHaveLength(10);
  });

  it("goes on when the server is stopped and started again while a person is asked", async () => {
    const run = demo();
    await run.printed("for a decision");
    const port = Number(new URL(server.url).port);
    await server.stop();
    await run.printed("The server is gone.");
    server = await serve(port);
    await run.printed("The server is back");
    const api = connect(server.url, readCredentials(state)?.apiKey);
    // The list is told again by the run's alarm when the first telling went down with the server.
    const review = await vi.waitFor(async () => {
      const { data } = await api.get<{ data: Review[] }>("/v1/reviews?status=pending");
      if (data[0] === undefined) throw new Error("The list does not have the review yet");
      return data[0];
    }, 25_000);
    await api.send("POST", `/v1/reviews/${review.id}/decision`, { decision: "reject", comment: "Out of date." });
    expect(await run.exit, run.text()).toBe(0);
    expect(run.text()).toContain("Rejected: Out of date.");
  });

  it("says what to do when nothing answers", async () => {
    const run = demo([], "http://127.0.0.1:9");
    expect(await run.exit).toBe(1);
    expect(run.text().trim()).toBe(
      "Nothing answers at http://127.0.0.1:9. Start the server in another terminal: npm start",
    );
  });

  it("is prepared by npm start, which goes on when that fails", async () => {
    expect(await prepareDemo(server.url, state)).toBe(
      `demo@weft.local, password and API key in ${credentialsFile(state)}`,
    );
    const other = mkdtempSync(path.join(tmpdir(), "weft-demo-"));
    expect(await prepareDemo(server.url, other)).toBe("not set up: The e-mail address or the password is wrong.");
    rmSync(other, { recursive: true });
  });

  it("refuses to set up its tenant on a server elsewhere", async () => {
    await expect(seedDemo("https://weft.example", state)).rejects.toThrow("is not on this machine");
  });
});
