import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MachineType, StateType } from "../definition/machine.ts";
import type { Failure, MapRunSettings, RunLimits, TaskFamily } from "./event.ts";

// Where a run stands: plain JSON, so that a snapshot is JSON.stringify and nothing else.

export type RunStatus = "running" | "paused" | "succeeded" | "failed" | "timed_out" | "aborted";

export interface RunState {
  /** Id of the last event applied. */
  seq: number;
  status: RunStatus;
  runId: string;
  name: string;
  roleArn: string;
  stateMachine: { readonly id: string; readonly name: string };
  machineType: MachineType;
  limits: RunLimits;
  input: Json;
  output?: Json;
  error?: string;
  cause?: string;
  startedAt: number;
  stoppedAt?: number;
  /** End of the machine's TimeoutSeconds. */
  deadline?: number;
  redrives: number;
  redrivenAt?: number;
  /** How often the run was rewound; part of task keys, so that an answer to a discarded attempt is not taken. */
  rewinds: number;
  /** States entered and exited so far. */
  entered: number;
  exited: number;
  warned: boolean;
  /** Every live scope by id; "0" is the machine itself. */
  scopes: Record<string, Scope>;
  /** Open tasks by the id of their Scheduled event. */
  tasks: Record<string, OpenTask>;
  /** Binary heap by `at`. May hold entries whose owner is gone; the top one never is. */
  timers: Timer[];
  /** Length at which entries without an owner are swept out. */
  sweepTimersAt: number;
}

/** The machine, a Parallel branch or a Map iteration. */
export interface Scope {
  readonly id: string;
  readonly parent: string | null;
  /** Position among its siblings. */
  readonly index: number;
  /** Own variables only; outer ones are read through `parent`. */
  variables: JsonObject;
  /** Id of the last event of this scope. */
  last: number;
  phase: Phase;
}

export type Phase =
  /** A branch or iteration not yet begun. */
  | { readonly at: "start" }
  /** Between two states. */
  | { readonly at: "next"; readonly state: string; readonly input: Json }
  | { readonly at: "entered"; readonly visit: Visit }
  | { readonly at: "task"; readonly visit: Visit; readonly task: number }
  | { readonly at: "wait"; readonly visit: Visit; readonly until: number }
  | { readonly at: "retry"; readonly visit: Visit; readonly until: number }
  | { readonly at: "fanOut"; readonly visit: Visit; readonly fanOut: FanOut }
  /** The work is done; Output, Assign and the transition are not. */
  | { readonly at: "result"; readonly visit: Visit; readonly result: Json; readonly fanOut?: FanOut }
  /** Failed, and its Retry and Catch have not been asked yet; `settled` when they have and nothing matched. */
  | {
      readonly at: "failed";
      readonly visit: Visit;
      readonly failure: Failure;
      readonly settled: boolean;
      readonly fanOut?: FanOut;
    }
  | { readonly at: "aborted"; readonly visit: Visit | null; readonly fanOut?: FanOut }
  | { readonly at: "ended"; readonly output: Json };

/** One stay in a state, from Entered to Exited. */
export interface Visit {
  readonly state: string;
  readonly type: StateType;
  /** Id and time of the Entered event. */
  readonly entered: number;
  readonly enteredAt: number;
  readonly input: Json;
  /** Retries made, by retrier; empty until the first. */
  retries: number[];
}

/** The children of a Parallel or Map state. */
export interface FanOut {
  readonly kind: "parallel" | "map" | "mapRun";
  /** Id of the Started event; children are `<id>.<index>`. */
  readonly id: number;
  total: number;
  /** Index of the first child not yet started. */
  next: number;
  /** Children that are running, by index. */
  readonly running: Record<string, true>;
  runningCount: number;
  succeeded: number;
  failed: number;
  readonly maxConcurrency: number;
  /** Outputs by index; null where not there yet. */
  readonly results: Json[];
  /** Parallel: what a branch begins with. Map: what ItemSelector means by `$`. */
  readonly input: Json;
  items?: Json[];
  mapRun?: MapRun;
}

export interface MapRun {
  readonly settings: MapRunSettings;
  arn: string;
  stage: "starting" | "reading" | "running" | "writing";
  /** Children that failed, by index: what a redrive runs again. */
  readonly failures: Record<string, Failure>;
  attempt: number;
}

export interface OpenTask {
  /** Unique in the run; the idempotency key of the outside call. */
  key: string;
  readonly id: number;
  readonly family: TaskFamily;
  readonly scope: string;
  readonly state: string;
  readonly resource: string;
  readonly input: Json;
  readonly credentials?: Json;
  readonly token?: string;
  readonly scheduledAt: number;
  started: boolean;
  submitted: boolean;
  timeoutAt?: number;
  heartbeatAt?: number;
  heartbeatSeconds?: number;
  timeoutSeconds?: number;
  reviewId?: string;
}

export interface Timer {
  readonly at: number;
  readonly kind: "timeout" | "heartbeat" | "wait" | "retry";
  /** Task id for the first two, scope id for the others. */
  readonly owner: string;
}
