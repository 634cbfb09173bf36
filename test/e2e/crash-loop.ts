import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { batchesOf } from "../../domain/kernel/batches.ts";
import { testSecrets } from "../support/secrets.ts";

// Kills the whole server again and again while runs are under way, then holds what was acknowledged against what is there.
//   K1  A start that was acknowledged is there, and its run ends.
//   K2  Its journal has every transition once, without gaps: nothing is lost and nothing doubled.
//   K3  A task reached the outside at least once, and every repeat carried the same idempotency key.
//   K4  The read models come to say the same, with one audit entry a start.
//   K5  A run that starts others and waits for them has each child once, and takes each end once.

const ROOT = path.resolve(import.meta.dirname, "../..");
const STEPS = 3;
/** The last one starts runs that start others. */
const WRITERS = 4;
const AUDITED_AT_ONCE = 8;
const FAMILY = "family";
const ITEMS = 3;

export interface CrashReport {
  kills: number;
  acknowledged: number;
  taskCalls: number;
  repeatedCalls: number;
  faults: string[];
}

interface Run {
  id: string;
  status: string;
}

interface RunEvent {
  seq: number;
  type: string;
  state?: string;
}

export async function crashLoop(options: { kills: number; betweenMs: number }): Promise<CrashReport> {
  const state = mkdtempSync(path.join(tmpdir(), "weft-crash-"));
  const port = await freePort();
  const outside = await anOutside();
  const url = `http://127.0.0.1:${port}`;
  let server = await start(port, state);
  try {
    const { accessToken } = await send(url, "POST", "/v1/auth/register", null, {
      email: "crash@example.com",
      password: "a long crash passphrase",
    });
    await send(url, "PUT", "/v1/workflows/crash", accessToken, { definition: definition(outside.url) });
    await send(url, "PUT", `/v1/workflows/${FAMILY}`, accessToken, { definition: familyDefinition() });
    const acknowledged = new Map<string, string>();
    let isWriting = true;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      const workflow = writer === WRITERS - 1 ? FAMILY : "crash";
      for (let i = 0; isWriting; i++) {
        const name = `${workflow}-${writer}-${i}`;
        const run = await untilAnswered<Run>(
          () => send(url, "POST", `/v1/workflows/${workflow}/runs`, accessToken, { name }),
          () => isWriting,
        );
        if (run !== null) acknowledged.set(name, run.id);
      }
    });
    for (let kill = 0; kill < options.kills; kill++) {
      await delay(options.betweenMs);
      await killHard(server, state);
      server = await start(port, state);
    }
    await delay(options.betweenMs);
    isWriting = false;
    await Promise.all(writers);
    const faults = await audit(url, accessToken, acknowledged, outside.calls);
    const calls = [...outside.calls.values()];
    return {
      kills: options.kills,
      acknowledged: acknowledged.size,
      taskCalls: calls.length,
      repeatedCalls: calls.filter((count) => count > 1).length,
      faults,
    };
  } finally {
    await killHard(server, state);
    await outside.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

async function audit(
  url: string,
  token: string,
  acknowledged: ReadonlyMap<string, string>,
  calls: ReadonlyMap<string, number>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const batch of batchesOf([...acknowledged], AUDITED_AT_ONCE)) {
    faults.push(...(await Promise.all(batch.map(([name, id]) => runFaults(url, token, name, id, calls)))).flat());
  }
  for (let attempt = 0; ; attempt++) {
    const lag = await behind(url, token, acknowledged);
    if (lag.length === 0) return faults;
    if (attempt === 150) return [...faults, ...lag];
    await delay(200);
  }
}

async function runFaults(
  url: string,
  token: string,
  name: string,
  id: string,
  calls: ReadonlyMap<string, number>,
): Promise<string[]> {
  const faults: string[] = [];
  const run: Run = await send(url, "GET", `/v1/runs/${id}?wait=60`, token);
  if (run.status !== "succeeded") faults.push(`K1 ${name} is ${run.status}`);
  const { data } = await send<{ data: RunEvent[] }>(url, "GET", `/v1/runs/${id}/events?limit=1000`, token);
  if (data.some((event, i) => event.seq !== i + 1)) faults.push(`K2 ${name} has gaps`);
  const types = data.map((event) => event.type).join(" ");
  if (name.startsWith(FAMILY)) return [...faults, ...(await familyFaults(url, token, name, id, types))];
  if (types !== EXPECTED) faults.push(`K2 ${name}: ${types}`);
  const reached = [...calls.keys()].filter((key) => key.startsWith(`${id}/`)).length;
  if (reached !== STEPS) faults.push(`K3 ${name} reached the outside with ${reached} keys`);
  return faults;
}

async function familyFaults(url: string, token: string, name: string, id: string, types: string): Promise<string[]> {
  const faults: string[] = [];
  if (!EXPECTED_FAMILY.test(types)) faults.push(`K5 ${name}: ${types}`);
  for (let attempt = 0; ; attempt++) {
    const children = await all<Run & { mapState?: string }>(url, `/v1/runs?parentRunId=${id}&limit=100`, token);
    const counts = Map.groupBy(children, ({ mapState, status }) => `${mapState ?? "child"} ${status}`);
    const isWhole = counts.get("child succeeded")?.length === 1 && counts.get("Map succeeded")?.length === ITEMS;
    if (isWhole && children.length === ITEMS + 1) return faults;
    if (attempt === 150) return [...faults, `K5 ${name} has the children ${JSON.stringify([...counts.keys()])}`];
    await delay(200);
  }
}

/** What the read models do not say yet. */
async function behind(url: string, token: string, acknowledged: ReadonlyMap<string, string>): Promise<string[]> {
  const runs = new Map((await all<Run>(url, "/v1/runs?limit=100", token)).map((run) => [run.id, run.status]));
  const entries = await all<{ target: { id: string } | null }>(
    url,
    "/v1/audit-entries?action=run.started&limit=100",
    token,
  );
  const started = Map.groupBy(entries, (entry) => entry.target?.id);
  return [...acknowledged].flatMap(([name, id]) => [
    ...(runs.get(id) === "succeeded" ? [] : [`K4 the list has ${name} as ${runs.get(id)}`]),
    ...(started.get(id)?.length === 1 ? [] : [`K4 ${name} has ${started.get(id)?.length ?? 0} audit entries`]),
  ]);
}

async function all<T>(url: string, first: string, token: string): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: T[]; nextCursor: string | null } = await send(
      url,
      "GET",
      cursor === null ? first : `${first}&cursor=${cursor}`,
      token,
    );
    found.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

const EXPECTED = [
  "ExecutionStarted",
  ...Array.from({ length: STEPS }, () =>
    ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"].join(" "),
  ),
  "ExecutionSucceeded",
].join(" ");

// The child may end before its parent, back from a crash, has heard that it began.
const EXPECTED_FAMILY = new RegExp(
  [
    "^ExecutionStarted TaskStateEntered TaskScheduled TaskStarted( TaskSubmitted)? TaskSucceeded TaskStateExited",
    `MapStateEntered MapStateStarted MapRunStarted( RunChildrenFinished){1,${ITEMS}}`,
    "MapRunSucceeded MapStateSucceeded MapStateExited ExecutionSucceeded$",
  ].join(" "),
);

/** Waits for a child that calls the outside, then runs a few items as runs of their own. */
function familyDefinition() {
  return {
    StartAt: "Child",
    States: {
      Child: {
        Type: "Task",
        Resource: "weft:run:start.sync",
        Parameters: { workflow: "crash" },
        ResultSelector: { items: Array.from({ length: ITEMS }, (_, i) => i) },
        Next: "Map",
      },
      Map: {
        Type: "Map",
        ItemsPath: "$.items",
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
          StartAt: "Item",
          States: { Item: { Type: "Pass", End: true } },
        },
        End: true,
      },
    },
  };
}

function definition(url: string) {
  const step = (i: number) => ({
    Type: "Task",
    Resource: "weft:http:request",
    Parameters: { method: "POST", url },
    ResultPath: null,
    ...(i === STEPS ? { End: true } : { Next: `Step${i + 1}` }),
  });
  return {
    StartAt: "Step1",
    States: Object.fromEntries(Array.from({ length: STEPS }, (_, i) => [`Step${i + 1}`, step(i + 1)])),
  };
}

/** The world outside: counts calls by their idempotency key, each `run/...`, and takes its time. */
async function anOutside(): Promise<{ url: string; calls: Map<string, number>; stop(): Promise<void> }> {
  const calls = new Map<string, number>();
  const server = createServer((request, response) => {
    const key = String(request.headers["idempotency-key"]);
    calls.set(key, (calls.get(key) ?? 0) + 1);
    request.resume();
    setTimeout(() => response.setHeader("content-type", "application/json").end("{}"), 20);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function start(port: number, state: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.join(ROOT, "scripts/start.ts"), "--no-demo"], {
    cwd: ROOT,
    env: { ...process.env, ...testSecrets(), PORT: String(port), WEFT_STATE: state, WEFT_ALLOW_LOOPBACK: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr?.on("data", (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2_000);
  });
  const ready = await untilAnswered(
    () => send(`http://127.0.0.1:${port}`, "GET", "/ready", null),
    () => child.exitCode === null,
  );
  if (ready === null) throw new Error(`The server did not start: ${complaint}`);
  return child;
}

/** Both processes at once, as a power cut would. */
async function killHard(server: ChildProcess, state: string): Promise<void> {
  const { runtimePid } = JSON.parse(readFileSync(path.join(state, "server.json"), "utf8")) as {
    runtimePid: number | null;
  };
  const gone = once(server, "exit");
  server.kill("SIGKILL");
  if (runtimePid !== null) {
    try {
      process.kill(runtimePid, "SIGKILL");
    } catch {
      // It went down with its parent.
    }
  }
  if (server.exitCode === null && server.signalCode === null) await gone;
}

// biome-ignore lint/suspicious/noExplicitAny: a body's shape is what its caller asks for
async function send<T = any>(
  url: string,
  method: string,
  address: string,
  token: string | null,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${url}${address}`, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(70_000),
  });
  if (response.status === 429) {
    // The audit of many runs asks more than a tenant may; a writer that is told to wait does so, too.
    await delay(Number(response.headers.get("retry-after") ?? 1) * 1_000);
    return send(url, method, address, token, body);
  }
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Repeats a request that the crash cut off; its name makes that safe. `null` when nobody waits any more. */
async function untilAnswered<T>(request: () => Promise<T>, isWanted: () => boolean): Promise<T | null> {
  while (isWanted()) {
    try {
      return await request();
    } catch {
      await delay(50);
    }
  }
  return null;
}

/** A port below those that the system gives to outgoing calls, so that nobody takes it while the server is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createSocketServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
