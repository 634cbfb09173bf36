import type { RunEvent } from "./event.ts";
import type { RunState, RunStatus } from "./state.ts";

export interface Progress {
  entered: number;
  exited: number;
  /** Names of the states that are open, outermost first. */
  current: string[];
}

export type WaitingFor =
  | { kind: "task"; state: string; resource: string; since: number }
  | { kind: "callback"; state: string; since: number }
  | { kind: "review"; state: string; reviewId: string; since: number }
  | { kind: "timer"; state: string; until: number }
  | { kind: "retry"; state: string; until: number }
  | { kind: "children"; state: string; running: number; total: number };

export interface Checkpoint {
  seq: number;
  state: string;
  at: number;
}

export declare function progress(state: RunState): Progress;
export declare function waitingFor(state: RunState): WaitingFor[];
/** The places a run can be rewound to, in order; those undone by an earlier rewind are left out. */
export declare function checkpoints(events: readonly RunEvent[]): Checkpoint[];

/** What the read models keep of a run. */
export interface RunSummary {
  runId: string;
  name: string;
  status: RunStatus;
  startedAt: number;
  stoppedAt: number | null;
  error: string | null;
  cause: string | null;
  redrives: number;
  seq: number;
  progress: Progress;
}

export declare function summary(state: RunState): RunSummary;
