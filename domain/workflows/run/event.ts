import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MachineType, StateType } from "../definition/machine.ts";

// One entry of a run's journal. `seq` counts from 1 without gaps and is the event id of AWS's history; types follow
// AWS, our own begin with `Run` or `Review`. An event holds every result of an expression, the clock and chance, so
// that applying it evaluates nothing.

export type RunEvent = EventHead & RunEventBody;
export type RunEventType = RunEventBody["type"];

interface EventHead {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The event that led here within the same scope; 0 at the beginning. */
  readonly previousEventId: number;
  /** "0" is the machine itself; `<id of the event that started it>.<index>` a branch or an iteration. */
  readonly scope: string;
  /** What was settled right after the event and has no event type of its own in AWS's history. In order. */
  plans?: Plan[];
}

/** `scope` is the event's own, or one that encloses it. */
export type Plan =
  /** The current state tries again at `at`; `retrier` is an index into its Retry list. */
  | { readonly kind: "retry"; readonly scope: string; readonly retrier: number; readonly at: number }
  /** The Wait state that was entered ends at `until`. */
  | { readonly kind: "wait"; readonly scope: string; readonly until: number }
  /** The Fail state that was entered fails with this. */
  | ({ readonly kind: "fail"; readonly scope: string } & Failure);

/** What a run may use. Fixed when it starts. */
export interface RunLimits {
  readonly maxPayloadBytes: number;
  readonly maxEvents: number;
}

export const DEFAULT_LIMITS: RunLimits = {
  /** AWS: 256 KiB for one input, output or result. */
  maxPayloadBytes: 262_144,
  /** AWS: events of one Standard execution. */
  maxEvents: 25_000,
};

export type TaskFamily = "Task" | "LambdaFunction" | "Activity";

export type RunEventBody =
  | ExecutionStarted
  | { readonly type: "ExecutionSucceeded"; readonly output: Json }
  | ({ readonly type: "ExecutionFailed" | "ExecutionTimedOut" | "ExecutionAborted" } & Failure)
  | {
      readonly type: "ExecutionRedriven";
      readonly redriveCount: number;
      /** When the machine's TimeoutSeconds now ends. */
      readonly deadline?: number;
    }
  | StateEntered
  | StateExited
  | { readonly type: `${StateType}StateAborted`; readonly state: string }
  | TaskScheduled
  | {
      readonly type: `${TaskFamily}Started`;
      readonly state: string;
      readonly task: number;
      readonly workerName?: string;
    }
  | { readonly type: "TaskSubmitted"; readonly state: string; readonly task: number; readonly output?: Json }
  | {
      readonly type: `${TaskFamily}Succeeded`;
      readonly state: string;
      /** Id of the Scheduled event. */
      readonly task: number;
      readonly output: Json;
    }
  | ({
      readonly type: `${TaskFamily}Failed` | `${TaskFamily}TimedOut`;
      readonly state: string;
      readonly task: number;
      /** The timeout was a missed heartbeat. */
      readonly heartbeat?: true;
    } & Failure)
  | ({
      readonly type: "EvaluationFailed";
      readonly state: string;
      readonly location?: string;
    } & Failure)
  | {
      readonly type: "ParallelStateStarted";
      readonly state: string;
      readonly branches: number;
      /** What each branch begins with, where it is not the state's own input. */
      readonly input?: Json;
    }
  | MapStateStarted
  | { readonly type: "ParallelStateSucceeded" | "MapStateSucceeded"; readonly state: string }
  | ({ readonly type: "ParallelStateFailed" | "MapStateFailed"; readonly state: string } & Failure)
  | {
      readonly type: "MapIterationStarted" | "MapIterationSucceeded" | "MapIterationAborted";
      readonly state: string;
      readonly index: number;
    }
  | ({ readonly type: "MapIterationFailed"; readonly state: string; readonly index: number } & Failure)
  | MapRunStarted
  | { readonly type: "MapRunSucceeded" | "MapRunAborted"; readonly state: string }
  | ({ readonly type: "MapRunFailed"; readonly state: string } & Failure)
  | {
      readonly type: "RunItemsRead";
      readonly state: string;
      readonly items: Json[];
      readonly batches?: readonly number[];
    }
  | {
      readonly type: "RunChildrenFinished";
      readonly state: string;
      readonly children: readonly ChildOutcome[];
    }
  | { readonly type: "RunMapRunUpdated"; readonly state: string; readonly change: MapRunChange }
  | {
      readonly type: "RunResultFileWritten";
      readonly state: string;
      readonly file: WrittenFile;
      /** Indexes of those whose outputs it has. */
      readonly children: readonly number[];
    }
  | { readonly type: "RunResultsWritten"; readonly state: string; readonly output: Json }
  | { readonly type: "RunTaskHeartbeat"; readonly state: string; readonly task: number }
  | { readonly type: "RunPaused" | "RunResumed"; readonly reason?: string }
  | RunRewound
  /** Carries a plan that has no fresh event to stand on. */
  | { readonly type: "RunPlanned" }
  | { readonly type: "RunHistoryWarning"; readonly limit: number; readonly guidance?: string }
  | {
      readonly type: "ReviewRequested";
      readonly state: string;
      readonly task: number;
      readonly reviewId: string;
      readonly title?: string;
      readonly assigneeRole?: string;
      readonly dueAt?: number;
    }
  | ({
      readonly type: "ReviewDecided";
      readonly state: string;
      readonly task: number;
      readonly reviewId: string;
    } & ReviewDecision);

/** Both absent where the failure named neither. */
export interface Failure {
  readonly error?: string;
  readonly cause?: string;
}

export interface ExecutionStarted {
  readonly type: "ExecutionStarted";
  readonly input: Json;
  readonly runId: string;
  readonly executionId?: string;
  readonly name: string;
  readonly roleArn: string;
  readonly stateMachine: { readonly id: string; readonly name: string };
  readonly machineType: MachineType;
  readonly limits: RunLimits;
  readonly startAt: string;
  /** When the machine's TimeoutSeconds ends. */
  readonly deadline?: number;
}

export interface StateEntered {
  readonly type: `${StateType}StateEntered`;
  readonly state: string;
  readonly input: Json;
}

export interface StateExited {
  readonly type: `${Exclude<StateType, "Fail">}StateExited`;
  readonly state: string;
  readonly output: Json;
  readonly assigned?: JsonObject;
  /** The state that follows; absent where the scope ends here. */
  readonly next?: string;
}

export interface TaskScheduled {
  readonly type: `${TaskFamily}Scheduled`;
  readonly state: string;
  readonly resource: string;
  readonly input: Json;
  readonly credentials?: Json;
  readonly token?: string;
  readonly timeoutInSeconds?: number;
  readonly heartbeatInSeconds?: number;
}

export interface MapStateStarted {
  readonly type: "MapStateStarted";
  readonly state: string;
  readonly mode: "INLINE" | "DISTRIBUTED";
  readonly length: number;
  readonly maxConcurrency: number;
  /** The items; where they are part of the state's input, `itemsAt` has the member names that lead to them instead. */
  readonly items?: Json[];
  readonly itemsAt?: readonly string[];
  /** What ItemSelector means by `$`, where it is not the state's own input. */
  readonly input?: Json;
}

export interface MapRunStarted {
  readonly type: "MapRunStarted";
  readonly state: string;
  readonly mapRun: string;
  readonly settings: MapRunSettings;
  /** Index of each batch's first item; absent without a batcher, or while the items are yet to be read. */
  readonly batches?: readonly number[];
}

export interface MapRunSettings {
  readonly executionType: MachineType;
  readonly toleratedFailureCount?: number;
  readonly toleratedFailurePercentage?: number;
  readonly reader?: ReaderSettings;
  readonly batch?: {
    readonly maxItems?: number;
    readonly maxInputBytes?: number;
    readonly input?: Json;
  };
  readonly writer?: { readonly resource: string; readonly arguments: Json; readonly config: Json };
}

export interface ReaderSettings {
  readonly resource: string;
  readonly arguments: Json;
  readonly maxItems?: number;
  readonly inputType: string | null;
  readonly csvHeaderLocation: string | null;
  readonly csvHeaders: readonly string[] | null;
  readonly csvDelimiter: string | null;
  readonly itemsPointer: string | null;
  readonly transformation: string | null;
}

/** What may change while a distributed Map runs. Absent members stay as they are. */
export interface MapRunChange {
  readonly maxConcurrency?: number;
  readonly toleratedFailureCount?: number;
  readonly toleratedFailurePercentage?: number;
}

/** How a child run of a distributed Map ended. `record` is there where result files are written. */
export type ChildOutcome = { readonly index: number; readonly record?: ChildRecord } & (
  | {
      readonly status: "succeeded";
      /** Absent where it rests with the child until a result file takes it. */
      readonly output?: Json;
    }
  | ({ readonly status: "failed" } & Failure)
);

/** What a result file says of a child beside its outcome. */
export interface ChildRecord {
  /** Of input and output together, as JSON text. */
  readonly characters: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly stoppedAt: number;
}

/** As a manifest names it. `Size` in bytes. */
export type WrittenFile = { readonly Key: string; readonly Size: number };

export interface ReviewDecision {
  readonly decision: "approve" | "reject";
  readonly output?: Json;
  readonly comment?: string;
  readonly decidedBy: string;
}

export interface RunRewound {
  readonly type: "RunRewound";
  /** The event that was asked for. */
  readonly toSeq: number;
  /** The run stands as after this event; one before `toSeq` where that event enters a state. */
  readonly restoredSeq: number;
  readonly deadline?: number;
}
