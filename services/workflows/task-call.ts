import type { Json } from "../../domain/kernel/json.ts";

/** What a Task state asks of the platform. `key` is unique to this attempt and the same after a crash: the idempotency key outside. */
export interface TaskCall {
  runId: string;
  key: string;
  state: string;
  resource: string;
  input: Json;
  signal: AbortSignal;
  /** Of the result; the run takes no more. */
  maxPayloadBytes: number;
  /** Who answers later shows it. */
  token?: string;
  /** How many runs stand above the one that asks. */
  depth: number;
  /** The platform holds what is sent outside until the journal is on disk; who sends nothing waits for that here. */
  onDisk?: () => Promise<void>;
}

export type TaskEnd = { kind: "succeeded"; output: Json } | { kind: "failed"; error: string; cause: string };

/**
 * Submitted: the work goes on elsewhere; its answer comes with the task's token, or with the end of the run it started, unless
 * that has ended by now.
 */
export type TaskOutcome = TaskEnd | { kind: "submitted"; output: Json; end?: TaskEnd };
