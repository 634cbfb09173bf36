import type { Json } from "../../domain/kernel/json.ts";
import { median, type Row, timeEach } from "./measure.ts";
import type { BenchPlatform, TrivialFunction } from "./platform.ts";

const ROUNDS = 7;
const suite = "run engine";

interface RunAnswer {
  status: string;
  output?: unknown;
  error?: string;
  cause?: string;
}

/** Chains of states, the way from a start to the first task, and from an approval to the end. */
export async function engineRows(platform: BenchPlatform, trivial: TrivialFunction): Promise<Row[]> {
  const rows: Row[] = [];
  const pass = await marginal(platform, "pass", () => ({ Type: "Pass" }), [10, 1_000]);
  rows.push({ suite, name: "Pass state, marginal in a chain of 1,000", value: pass.perState, unit: "ms", target: 0.1 });
  rows.push({
    suite,
    name: "Pass chain of 100, start to answer",
    value: await chainMs(
      platform,
      "pass-100",
      chain(100, () => ({ Type: "Pass" })),
    ),
    unit: "ms",
  });
  rows.push({ suite, name: "Pass transitions a second, one run", value: 1_000 / pass.perState, unit: "1/s" });
  const task = () => ({
    Type: "Task",
    Resource: "weft:http:request",
    Parameters: { method: "POST", url: trivial.url },
  });
  const tasks = await marginal(platform, "task", task, [10, 100]);
  rows.push({ suite, name: "HTTP Task step, marginal in a chain of 100", value: tasks.perState, unit: "ms" });
  rows.push({
    suite,
    name: "start to first task",
    value: await startToFirstTask(platform, trivial, chain(1, task)),
    unit: "ms",
    target: 10,
  });
  rows.push({ suite, name: "approval to completion", value: await approvalToEnd(platform), unit: "ms", target: 4.5 });
  return rows;
}

function chain(length: number, state: (i: number) => Record<string, Json>): Json {
  const states: Record<string, Json> = {};
  for (let i = 1; i <= length; i++) {
    states[`S${i}`] = { ...state(i), ...(i === length ? { End: true } : { Next: `S${i + 1}` }) };
  }
  return { StartAt: "S1", States: states };
}

async function marginal(
  platform: BenchPlatform,
  name: string,
  state: (i: number) => Record<string, Json>,
  [short, long]: readonly [number, number],
): Promise<{ perState: number }> {
  const shortMs = await chainMs(platform, `${name}-${short}`, chain(short, state));
  const longMs = await chainMs(platform, `${name}-${long}`, chain(long, state));
  return { perState: (longMs - shortMs) / (long - short) };
}

async function chainMs(platform: BenchPlatform, workflow: string, definition: Json): Promise<number> {
  await platform.call("PUT", `/v1/workflows/${workflow}`, { definition });
  const times = await timeEach(ROUNDS, async () => {
    const run = await platform.call<RunAnswer>("POST", `/v1/workflows/${workflow}/runs?wait=60`, {});
    if (run.status !== "succeeded") throw new Error(`${workflow} ended ${run.status}: ${run.error} ${run.cause}`);
  });
  return median(times);
}

async function startToFirstTask(platform: BenchPlatform, trivial: TrivialFunction, definition: Json): Promise<number> {
  await platform.call("PUT", "/v1/workflows/first-task", { definition });
  const times = await timeEach(ROUNDS, async () => {
    const called = trivial.called();
    const run = platform.call("POST", "/v1/workflows/first-task/runs", {});
    await called;
    // The clock stops at the call's arrival; the answer is taken off the next round's way.
    void run;
  });
  return median(times);
}

async function approvalToEnd(platform: BenchPlatform): Promise<number> {
  const definition = {
    StartAt: "Ask",
    States: { Ask: { Type: "Task", Resource: "weft:review:request", Parameters: { title: "?" }, End: true } },
  };
  await platform.call("PUT", "/v1/workflows/approval", { definition });
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const run = await platform.call<{ id: string; waitingFor: { reviewId: string }[] }>(
      "POST",
      "/v1/workflows/approval/runs",
      {},
    );
    const ended = platform.call<RunAnswer>("GET", `/v1/runs/${run.id}?wait=10`);
    const startedAt = performance.now();
    await platform.call("POST", `/v1/reviews/${run.waitingFor[0]?.reviewId}/decision`, { decision: "approve" });
    await ended;
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
