import type { Json } from "../../kernel/json.ts";
import type { MachineType } from "../definition/machine.ts";
import type { ChildOutcome, Failure, MapRunChange, ReviewDecision, RunLimits, WrittenFile } from "./event.ts";
import type { RunState } from "./state.ts";

/** What can be asked of a run. Time and chance are not in here: decide() takes them from its `chance`. */
export type RunCommand =
  | StartRun
  /** Goes on where the step budget ended the last decision, or after a replay. Never refused while running. */
  | { readonly type: "Continue" }
  /** An activity's worker took the task. Other tasks start by themselves. */
  | { readonly type: "TaskStarted"; readonly task: TaskRef; readonly workerName?: string }
  /** `.sync` and `.waitForTaskToken`: the outside accepted the request. */
  | { readonly type: "TaskSubmitted"; readonly task: TaskRef; readonly output?: Json }
  | { readonly type: "TaskSucceeded"; readonly task: TaskRef; readonly output: Json }
  | ({ readonly type: "TaskFailed"; readonly task: TaskRef } & Failure)
  | { readonly type: "TaskHeartbeat"; readonly task: TaskRef }
  /** The alarm rang: everything due at chance.now() happens. */
  | { readonly type: "TimersDue" }
  | { readonly type: "Pause"; readonly reason?: string }
  | { readonly type: "Resume"; readonly reason?: string }
  | ({ readonly type: "Stop" } & Failure)
  | { readonly type: "Redrive" }
  /** `restored` is rewindState(events, toSeq); decide takes it over. */
  | { readonly type: "Rewind"; readonly toSeq: number; readonly restored: RunState }
  | ({ readonly type: "DecideReview"; readonly reviewId: string } & ReviewDecision)
  | { readonly type: "ItemsRead"; readonly key: string; readonly items: readonly Json[] }
  | ({ readonly type: "ItemsReadFailed"; readonly key: string } & Failure)
  | { readonly type: "ChildrenFinished"; readonly key: string; readonly children: readonly ChildOutcome[] }
  | { readonly type: "UpdateMapRun"; readonly mapRun: string; readonly change: MapRunChange }
  /** `number` is that of the file: how many were written before it. */
  | { readonly type: "ResultFileWritten"; readonly key: string; readonly number: number; readonly file: WrittenFile }
  | { readonly type: "ResultsWritten"; readonly key: string; readonly output: Json }
  | ({ readonly type: "ResultsWriteFailed"; readonly key: string } & Failure);

/** A task by the key of its effect, or by its token where the outside only knows that. */
export type TaskRef = { readonly key: string } | { readonly token: string };

export interface StartRun {
  readonly type: "StartRun";
  readonly input: Json;
  readonly runId: string;
  /** `$$.Execution.Id`; the run's id where absent. */
  readonly executionId?: string;
  readonly name: string;
  readonly roleArn: string;
  readonly stateMachine: { readonly id: string; readonly name: string };
  readonly machineType: MachineType;
  /** DEFAULT_LIMITS where absent. */
  readonly limits?: RunLimits;
}

/** Why nothing happened. An expected answer: late, doubled or untimely commands end here. */
export type Refusal =
  | "already-started"
  | "not-started"
  | "already-ended"
  | "not-ended"
  | "unknown-task"
  | "unknown-review"
  | "unknown-map-run"
  | "not-redrivable"
  | "no-such-event"
  | "history-full";
