import { median, type Row } from "./measure.ts";
import { bareObject, FLOOR } from "./peers/bare-object.ts";
import { cloudflareWorkflows } from "./peers/cloudflare-workflows.ts";
import { installed, type Peer, WARM_UP } from "./peers/peer.ts";
import { restate } from "./peers/restate.ts";

const suite = "other engines, same machine, same minute";
const ROUNDS = 3;
/** As the rows of our own engine are called. */
const APPROVAL = "approval to completion";
const RUNS = "200 runs of 10 steps at once";

/** What other engines take for the work of the run engine's rows. One that cannot be had is left out, and the log says why. */
export async function peerRows(folder: string): Promise<Row[]> {
  const missing = await installed();
  if (missing !== null) console.log(`Restate is left out: ${missing}`);
  const starts = [bareObject, ...(missing === null ? [restate] : []), cloudflareWorkflows];
  const rows: Row[] = [];
  for (const start of starts) {
    try {
      rows.push(...(await rowsOf(await start(folder))));
    } catch (error) {
      console.log(`${start.name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return rows;
}

/** What ours takes where the floor takes 1. */
export function floorRows(rows: readonly Row[]): Row[] {
  const over = "of ours over a bare object's";
  const value = (name: string) => rows.find((row) => row.name === name)?.value ?? Number.NaN;
  const ratio = (name: string) => value(name) / value(`${FLOOR}: ${name}`);
  return [
    { suite: "beside the floor", name: `time ${over}: ${APPROVAL}`, value: ratio(APPROVAL), unit: "x", target: 1.5 },
    { suite: "beside the floor", name: `time ${over}: ${RUNS}`, value: 1 / ratio(RUNS), unit: "x", target: 1.25 },
  ];
}

async function rowsOf(peer: Peer): Promise<Row[]> {
  try {
    const row = async (name: string, unit: string, once: () => Promise<number>, warmUp = 1): Promise<Row> => {
      for (let i = 0; i < warmUp; i++) await once();
      const values: number[] = [];
      for (let round = 0; round < ROUNDS; round++) values.push(await once());
      return { suite, name: `${peer.name}: ${name}`, value: median(values), unit };
    };
    const sample = async (samples: number, once: () => Promise<number>) => {
      const values: number[] = [];
      for (let i = 0; i < samples; i++) values.push(await once());
      return median(values);
    };
    const step = async () => {
      const short = await sample(3, () => peer.chain(10));
      return ((await sample(3, () => peer.chain(100))) - short) / 90;
    };
    return [
      await row("durable step, chain of 10 to 100", "ms", step),
      await row("50 steps at once", "ms", () => sample(3, () => peer.map(50))),
      await row(APPROVAL, "ms", () => sample(5, () => peer.approval()), WARM_UP.approvals / 5),
      await row(RUNS, "run/s", async () => 200_000 / (await peer.runs(200)), WARM_UP.bursts),
    ];
  } finally {
    await peer.stop();
  }
}
