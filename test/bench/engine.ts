import type { Json } from "../../domain/kernel/json.ts";
import { chain, choices, echo, http, longHistory, mapOf, parallel, pass, review, wait } from "./engine-workflows.ts";
import { median, type Row, timeEach } from "./measure.ts";
import { APPROVED_AFTER_MS, WARM_UP } from "./peers/peer.ts";
import type { BenchPlatform, TrivialFunction } from "./platform.ts";

const suite = "run engine";
/** Each figure is the median of these; within a round, the median of its samples. */
const ROUNDS = 3;
const ITEMS = Array.from({ length: 50 }, (_, i) => i);

interface RunAnswer {
  id: string;
  status: string;
  error?: string;
  cause?: string;
  waitingFor: { reviewId?: string }[];
}

interface RunEvent {
  type: string;
  at: string;
}

interface Measure {
  name: string;
  unit: string;
  target?: number;
  warmUp?: () => Promise<unknown>;
  once(): Promise<number>;
}

/** Times are the caller's, over HTTP, from sending the start to holding the answer; where it says otherwise, the journal's. */
export async function engineRows(platform: BenchPlatform, trivial: TrivialFunction): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { warmUp, once, ...measure } of await measures(platform, trivial)) {
    await warmUp?.();
    const values: number[] = [];
    for (let round = 0; round < ROUNDS; round++) values.push(await once());
    rows.push({ suite, ...measure, value: median(values) });
  }
  return rows;
}

async function measures(platform: BenchPlatform, trivial: TrivialFunction): Promise<Measure[]> {
  const put = (name: string, definition: Json) => platform.call("PUT", `/v1/workflows/${name}`, { definition });
  const lengths = [1, 10, 100, 1_000];
  for (const n of lengths) {
    await put(`echo-${n}`, chain(n, echo()));
    await put(`http-${n}`, chain(n, http(trivial.url)));
    await put(`pass-${n}`, chain(n, pass()));
    await put(`choice-${n}`, choices(n));
  }
  await put("parallel-50", parallel(50, echo()));
  await put("map-50", mapOf(echo()));
  await put("map-http-50", mapOf(http(trivial.url)));
  await put("wait", chain(1, wait(1)));
  await put("approval", chain(1, review()));
  await put("long", longHistory(4_990));

  const ms = (name: string, samples: number, input: Json = {}) => answered(platform, name, samples, input);
  const step =
    (kind: string, short: number, long: number, samples: number, input: Json = {}) =>
    async () => {
      const shortMs = await ms(`${kind}-${short}`, samples, input);
      return ((await ms(`${kind}-${long}`, samples, input)) - shortMs) / (long - short);
    };
  return [
    { name: "durable Task step, chain of 10 to 100", unit: "ms", target: 0.75, once: step("echo", 10, 100, 5) },
    { name: "durable Task step, chain of 100 to 1,000", unit: "ms", target: 0.75, once: step("echo", 100, 1_000, 1) },
    { name: "last tenth / first tenth of 1,000 steps", unit: "x", target: 1.2, once: () => flatness(platform) },
    { name: "Task step calling HTTP, chain of 10 to 100", unit: "ms", once: step("http", 10, 100, 3) },
    { name: "Pass state, chain of 10 to 1,000", unit: "ms", target: 0.1, once: step("pass", 10, 1_000, 5) },
    {
      name: "Choice state, chain of 10 to 1,000",
      unit: "ms",
      target: 0.1,
      once: step("choice", 10, 1_000, 5, { n: 1 }),
    },
    { name: "one Task, start to answer", unit: "ms", once: () => ms("echo-1", 9) },
    { name: "Parallel of 50, start to answer", unit: "ms", once: () => ms("parallel-50", 5) },
    { name: "Map of 50, start to answer", unit: "ms", once: () => ms("map-50", 5, { items: ITEMS }) },
    { name: "Map of 50, over one Task", unit: "ms", target: 14, once: () => mapOverOne(ms) },
    { name: "Map of 50 calling HTTP, start to answer", unit: "ms", once: () => ms("map-http-50", 3, { items: ITEMS }) },
    { name: "start to first task", unit: "ms", target: 10, once: () => startToFirstTask(platform, trivial) },
    { name: "Wait overshoot, p50 of 20, by the journal", unit: "ms", target: 5, once: () => overshoot(platform) },
    {
      name: "approval to completion",
      unit: "ms",
      target: 4.5,
      warmUp: () => approvalToEnd(platform, WARM_UP.approvals),
      once: () => approvalToEnd(platform, 7),
    },
    {
      name: "200 runs of 10 steps at once",
      unit: "run/s",
      warmUp: () => timeEach(WARM_UP.bursts, () => runsPerSecond(platform, 200), 0),
      once: () => runsPerSecond(platform, 200),
    },
    { name: "read of a cold run of 10,000 events", unit: "ms", once: () => coldStart(platform) },
  ];
}

async function start(platform: BenchPlatform, workflow: string, waitSeconds: number, input: Json): Promise<RunAnswer> {
  const run = await platform.call<RunAnswer>("POST", `/v1/workflows/${workflow}/runs?wait=${waitSeconds}`, { input });
  if (waitSeconds > 0 && run.status !== "succeeded") {
    throw new Error(`${workflow} ended ${run.status}: ${run.error} ${run.cause}`);
  }
  return run;
}

async function answered(platform: BenchPlatform, workflow: string, samples: number, input: Json): Promise<number> {
  return median(await timeEach(samples, () => start(platform, workflow, 60, input), 1));
}

async function mapOverOne(ms: (name: string, samples: number, input?: Json) => Promise<number>): Promise<number> {
  const one = await ms("map-50", 5, { items: [0] });
  return (await ms("map-50", 5, { items: ITEMS })) - one;
}

async function flatness(platform: BenchPlatform): Promise<number> {
  const { id } = await start(platform, "echo-1000", 60, {});
  const ends = (await allEvents(platform, id)).filter(({ type }) => type === "TaskStateExited").map(atMs);
  const span = (from: number, to: number) => (ends[to] ?? Number.NaN) - (ends[from] ?? Number.NaN);
  return span(899, 999) / span(0, 100);
}

async function startToFirstTask(platform: BenchPlatform, trivial: TrivialFunction): Promise<number> {
  const times: number[] = [];
  for (let i = -5; i < 15; i++) {
    const called = trivial.called();
    const startedAt = performance.now();
    const run = start(platform, "http-1", 60, {});
    await called;
    if (i >= 0) times.push(performance.now() - startedAt);
    await run;
  }
  return median(times);
}

/** Twenty waits that end some milliseconds apart, so that none stands in another's way. */
async function overshoot(platform: BenchPlatform): Promise<number> {
  const runs: Promise<RunAnswer>[] = [];
  for (let i = 0; i < 20; i++) {
    runs.push(start(platform, "wait", 60, {}));
    await new Promise((resolve) => setTimeout(resolve, 47));
  }
  const late: number[] = [];
  for (const { id } of await Promise.all(runs)) {
    const events = await allEvents(platform, id);
    const [entered, exited] = ["WaitStateEntered", "WaitStateExited"].map((type) =>
      events.find((event) => event.type === type),
    );
    if (entered !== undefined && exited !== undefined) late.push(atMs(exited) - atMs(entered) - 1_000);
  }
  return median(late);
}

async function approvalToEnd(platform: BenchPlatform, count: number): Promise<number> {
  const times: number[] = [];
  for (let i = -2; i < count; i++) {
    const { id, waitingFor } = await start(platform, "approval", 0, {});
    const ended = platform.call<RunAnswer>("GET", `/v1/runs/${id}?wait=10`);
    await new Promise((resolve) => setTimeout(resolve, APPROVED_AFTER_MS));
    const startedAt = performance.now();
    const decided = platform.call("POST", `/v1/reviews/${waitingFor[0]?.reviewId}/decision`, { decision: "approve" });
    await ended;
    if (i >= 0) times.push(performance.now() - startedAt);
    await decided;
  }
  return median(times);
}

async function runsPerSecond(platform: BenchPlatform, count: number): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: count }, () => start(platform, "echo-10", 60, {})));
  return (count * 1_000) / (performance.now() - startedAt);
}

/** The runtime starts anew, other runs warm it, then the object of a long run is woken by a read. */
async function coldStart(platform: BenchPlatform): Promise<number> {
  const { id } = await start(platform, "long", 0, {});
  await platform.restart();
  for (let i = 0; i < 3; i++) {
    const other = await start(platform, "echo-1", 60, {});
    await platform.call("GET", `/v1/runs/${other.id}`);
  }
  const startedAt = performance.now();
  await platform.call("GET", `/v1/runs/${id}`);
  return performance.now() - startedAt;
}

async function allEvents(platform: BenchPlatform, id: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for (let after = 0; ; after += 1_000) {
    const page = await platform.call<{ data: RunEvent[] }>("GET", `/v1/runs/${id}/events?after=${after}&limit=1000`);
    events.push(...page.data);
    if (page.data.length < 1_000) return events;
  }
}

function atMs({ at }: RunEvent): number {
  return Date.parse(at);
}
