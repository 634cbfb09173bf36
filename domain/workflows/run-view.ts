import * as z from "zod";
import { isWithin } from "./run/payload.ts";

export const RunStatus = z
  .enum(["running", "paused", "succeeded", "failed", "timed_out", "aborted"])
  .meta({ id: "RunStatus", description: "Where a run stands; the last four are final" });

const time = z.iso.datetime();

export const WaitingFor = z.object({
  kind: z.enum(["task", "callback", "review", "timer", "retry", "children", "slot"]),
  state: z.string(),
  reviewId: z.string().optional(),
  until: time.optional(),
  since: time.optional(),
  resource: z.string().optional(),
  running: z.int().optional(),
  total: z.int().optional(),
});
export type WaitingFor = z.infer<typeof WaitingFor>;

/** A run as clients see it. */
export const Run = z
  .object({
    id: z.string().meta({ example: "run_01m9t6r3a8k2p0x4c7v5b1n9q6" }),
    workflow: z.string(),
    version: z.int(),
    qualifier: z.string().optional().meta({ description: "The version or alias that the start named, if it did" }),
    name: z.string(),
    status: RunStatus,
    input: z.json(),
    output: z.json().optional(),
    error: z.string().optional(),
    cause: z.string().optional(),
    startedAt: time,
    stoppedAt: time.optional(),
    seq: z.int().meta({ description: "Id of the newest event" }),
    progress: z.object({ entered: z.int(), exited: z.int(), current: z.array(z.string()) }),
    waitingFor: z.array(WaitingFor),
    redrives: z.int(),
    parentRunId: z.string().optional(),
    mapState: z.string().optional().meta({ description: "The Map state of the parent whose child the run is" }),
    traceId: z.string(),
    leftOut: z
      .array(z.enum(["input", "output"]))
      .optional()
      .meta({ description: "Members that are too large for this answer, null in it; the run by its id has them" }),
  })
  .meta({ id: "Run", description: "One execution of one version of a workflow" });
export type Run = z.infer<typeof Run>;

/** Larger ones would make a list of runs too large to answer, and their read model too large for its row. */
const MAX_LISTED_BYTES = 262_144;

/** The run as lists show it: without an input or output that is larger than lists can hold. */
export function listedRun(run: Run): Run {
  const leftOut = (["input", "output"] as const).filter((member) => !isWithin(run[member] ?? null, MAX_LISTED_BYTES));
  if (leftOut.length === 0) return run;
  return { ...run, ...Object.fromEntries(leftOut.map((member) => [member, null])), leftOut };
}

export const RunEventView = z
  .looseObject({ seq: z.int(), at: time, type: z.string(), state: z.string().optional() })
  .meta({
    id: "RunEvent",
    description:
      "One entry of a run's history; `type` is the AWS history event type, own types begin with Run or Review",
  });
export type RunEventView = z.infer<typeof RunEventView>;

export const Checkpoint = z
  .object({ seq: z.int(), state: z.string(), at: time })
  .meta({ id: "Checkpoint", description: "A place a run can be rewound to" });
export type Checkpoint = z.infer<typeof Checkpoint>;
