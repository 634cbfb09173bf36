import type { Json } from "../../domain/kernel/json.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { TestMember } from "./a-tenant.ts";

/** Puts up a workflow and starts one run of it. */
export async function aRun(
  member: TestMember,
  definition: Json,
  options: { input?: Json; wait?: number; name?: string; workflow?: string } = {},
): Promise<Run> {
  const workflow = options.workflow ?? `wf-${crypto.randomUUID().slice(0, 8)}`;
  const put = await member.call(`/v1/workflows/${workflow}`, { method: "PUT", body: { definition } });
  if (put.status > 201) throw new Error(`The definition was refused: ${JSON.stringify(put.body)}`);
  const { input, name } = options;
  const started = await member.call(`/v1/workflows/${workflow}/runs?wait=${options.wait ?? 0}`, {
    method: "POST",
    body: { ...(input !== undefined && { input }), ...(name !== undefined && { name }) },
  });
  if (started.status > 201) throw new Error(`The run was refused: ${JSON.stringify(started.body)}`);
  return started.body as Run;
}

/** Bounds what hangs, below what bounds a test: on a machine that does other work, ten seconds fail sound ones. */
const HANG_MS = 25_000;

/** Asks for the run until it looks as wanted; real alarms and queues need a moment. */
export async function eventually<T>(read: () => Promise<T>, wanted: (value: T) => boolean, ms = HANG_MS): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > until) throw new Error(`Still not so after ${ms} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function chain(length: number): Json {
  const states: Record<string, Json> = {};
  for (let i = 1; i <= length; i++) {
    states[`S${i}`] = { Type: "Pass", ...(i === length ? { End: true } : { Next: `S${i + 1}` }) };
  }
  return { StartAt: "S1", States: states };
}
