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
  /** Set on the event that closed a failed attempt: what the failed state does next, and when. */
  retry?: ScheduledRetry;
}

export interface ScheduledRetry {
  /** The scope whose current state tries again: the event's own, or one that encloses it. */
  readonly scope: string;
  /** Index into the state's Retry list. */
  readonly retrier: number;
  readonly at: number;
}

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
  | { readonly type: "MapRunStarted"; readonly state: string; readonly mapRun: string }
  | { readonly type: "MapRunSucceeded" | "MapRunAborted" | "MapRunRedriven"; readonly state: string }
  | ({ readonly type: "MapRunFailed"; readonly state: string } & Failure)
  | {
      readonly type: "RunItemsRead";
      readonly state: string;
      readonly items: readonly Json[];
    }
  | {
      readonly type: "RunChildrenFinished";
      readonly state: string;
      readonly children: readonly ChildOutcome[];
    }
  | { readonly type: "RunResultsWritten"; readonly state: string; readonly output: Json }
  | { readonly type: "RunTaskHeartbeat"; readonly state: string; readonly task: number }
  | { readonly type: "RunPaused" | "RunResumed"; readonly reason?: string }
  | RunRewound
  | { readonly type: "RunHistoryWarning"; readonly limit: number }
  | {
      readonly type: "ReviewRequested";
      readonly state: string;
      readonly task: number;
      readonly reviewId: string;
      readonly request: Json;
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
  /** Wait: when it ends. Added in the same decision, once evaluated. */
  until?: number;
  /** Fail: evaluated Error and Cause. Added in the same decision. */
  failure?: Failure;
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
  readonly items?: readonly Json[];
  readonly itemsAt?: readonly string[];
  /** What ItemSelector means by `$`, where it is not the state's own input. */
  readonly input?: Json;
  /** Distributed: settings of the map run. */
  readonly run?: MapRunSettings;
}

export interface MapRunSettings {
  readonly toleratedFailureCount: number;
  readonly toleratedFailurePercentage: number;
  /** Arguments of ItemReader, evaluated; absent where the items stand in `items`. */
  readonly reader?: Json;
  readonly maxItems?: number;
  readonly maxItemsPerBatch?: number;
  readonly maxInputBytesPerBatch?: number;
  readonly batchInput?: Json;
  /** Arguments of ResultWriter, evaluated. */
  readonly writer?: Json;
}

export type ChildOutcome = { readonly index: number } & (
  | { readonly status: "succeeded"; readonly output: Json }
  | ({ readonly status: "failed" } & Failure)
);

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
