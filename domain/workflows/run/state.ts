import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MachineType, StateType } from "../definition/machine.ts";
import {
  type ChildOutcome,
  type ChildRecord,
  DEFAULT_LIMITS,
  type Failure,
  type MapRunSettings,
  type RunLimits,
  type TaskFamily,
  type WrittenFile,
} from "./event.ts";

// Where a run stands: plain JSON, so that a snapshot is JSON.stringify and nothing else.

/** Of a state as text. One of another format is replayed from its journal. */
export const STATE_FORMAT = 2;

export type RunStatus = "running" | "paused" | "succeeded" | "failed" | "timed_out" | "aborted";

export interface RunState {
  readonly format: number;
  /** Id of the last event applied. */
  seq: number;
  status: RunStatus;
  runId: string;
  /** `$$.Execution.Id`; the run's id where absent. */
  executionId?: string;
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
  /** Id of the last RunRewound, 0 without one; part of task keys, so that an answer to an undone attempt is not taken. */
  lineage: number;
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
  /** Characters that its scopes hold together. */
  held: number;
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
  readonly held: Held;
}

/** What a scope holds, in characters of JSON text; holding.ts keeps it. */
export interface Held {
  /** The input of its state, or the output of the one it left. */
  value: number;
  /** What the work of its state was given and has brought: of a Task, a Parallel or a Map. */
  work: number;
  variables: number;
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
  /** Failed; its Retry and Catch are yet to be asked. */
  | {
      readonly at: "failed";
      readonly visit: Visit;
      readonly failure: Failure;
      /** A missed heartbeat: also matched by States.HeartbeatTimeout. */
      readonly heartbeat?: true;
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
  /** Index of the first child not yet begun. */
  next: number;
  /** Children begun and not ended, by index. */
  open: Record<string, true>;
  openCount: number;
  succeeded: number;
  /** 0 means no limit. */
  maxConcurrency: number;
  /** Outputs by index; null where there is none (yet). */
  results: Json[];
  /** Parallel: what a branch begins with. Map: what ItemSelector means by `$`. */
  readonly input: Json;
  items: Json[];
  mapRun?: MapRun;
}

/** What a distributed Map adds. */
export interface MapRun {
  readonly arn: string;
  settings: MapRunSettings;
  stage: "reading" | "running" | "writing" | "done";
  batches: readonly number[] | null;
  /** Failed children by index: what a redrive runs again. */
  failures: Record<string, FailedChild>;
  failed: number;
  /** Where a ResultWriter names a store. */
  resultFiles?: ResultFiles;
  /** Redrives of this map run; part of its keys. */
  attempt: number;
  written?: Json;
}

export interface FailedChild extends Failure {
  readonly record?: ChildRecord;
}

/** The files of what the children answered; result-files.ts keeps them. */
export interface ResultFiles {
  /** In the store, in the order of their numbers. */
  readonly written: WrittenFile[];
  /** Full, and not yet in the store. */
  readonly full: ResultFile[];
  /** Takes the next child that succeeds. */
  filling: ResultFile | null;
}

export interface ResultFile {
  /** Key of the map run that the children were started under: a redrive or a rewind gives the next ones another. */
  readonly key: string;
  readonly children: Extract<ChildOutcome, { status: "succeeded" }>[];
  characters: number;
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
  credentials?: Json;
  token?: string;
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
  /** Id of the event that set it: timers of one instant ring in this order. */
  readonly order: number;
}

/** Id of the machine's own scope. */
export const ROOT = "0";

/** The state before any event. */
export function initialState(): RunState {
  return {
    format: STATE_FORMAT,
    seq: 0,
    status: "running",
    runId: "",
    name: "",
    roleArn: "",
    stateMachine: { id: "", name: "" },
    machineType: "STANDARD",
    limits: DEFAULT_LIMITS,
    input: null,
    startedAt: 0,
    redrives: 0,
    lineage: 0,
    entered: 0,
    exited: 0,
    warned: false,
    scopes: {},
    tasks: {},
    timers: [],
    sweepTimersAt: 64,
    held: 0,
  };
}

/** Ends in the task's id, so that an answer finds its task without a search. */
export function taskKey(scope: string, state: string, id: number, lineage: number): string {
  return `${scope}/${state}/${id}${lineage === 0 ? "" : `~${lineage}`}`;
}

export function isEnded(state: RunState): boolean {
  return state.status !== "running" && state.status !== "paused";
}

/** The stay a scope is in, whatever became of it; null between states. */
export function visitOf(phase: Phase): Visit | null {
  return "visit" in phase ? phase.visit : null;
}

/** The stay that an event of this scope speaks of. */
export function currentVisit(scope: Scope): Visit {
  const visit = visitOf(scope.phase);
  if (visit === null) throw new Error(`scope ${scope.id} is in no state`);
  return visit;
}

export function fanOutOf(phase: Phase): FanOut | null {
  return "fanOut" in phase ? (phase.fanOut ?? null) : null;
}
