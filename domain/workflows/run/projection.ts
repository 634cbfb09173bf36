import type { RunEvent } from "./event.ts";
import { countingEvents } from "./replay.ts";
import { fanOutOf, isEnded, type RunState, type RunStatus, type Scope, visitOf } from "./state.ts";

// What others see of a run: the Run resource, its checkpoints, and the read models.

export interface Progress {
  entered: number;
  exited: number;
  /** Names of the states that are open, in the order they were entered. */
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
  /** The event that entered the state: what Rewind takes as `toSeq`. */
  seq: number;
  state: string;
  at: number;
}

export function progress(state: RunState): Progress {
  const current = new Set<string>();
  if (!isEnded(state)) {
    for (const { phase } of Object.values(state.scopes)) {
      const visit = visitOf(phase);
      if (visit !== null) current.add(visit.state);
      else if (phase.at === "next") current.add(phase.state);
    }
  }
  return { entered: state.entered, exited: state.exited, current: [...current] };
}

export function waitingFor(state: RunState): WaitingFor[] {
  if (isEnded(state)) return [];
  return Object.values(state.scopes).flatMap((scope) => waitOf(state, scope) ?? []);
}

function waitOf(run: RunState, { phase }: Scope): WaitingFor | null {
  const state = visitOf(phase)?.state;
  if (state === undefined) return null;
  if (phase.at === "wait") return { kind: "timer", state, until: phase.until };
  if (phase.at === "retry") return { kind: "retry", state, until: phase.until };
  if (phase.at === "task") return taskWait(run, phase.task);
  const fanOut = fanOutOf(phase);
  if (phase.at !== "fanOut" || fanOut?.kind !== "mapRun") return null;
  return { kind: "children", state, running: fanOut.openCount, total: fanOut.total };
}

function taskWait(run: RunState, id: number): WaitingFor | null {
  const task = run.tasks[id];
  if (task === undefined) return null;
  const { state, resource, reviewId, scheduledAt: since } = task;
  if (reviewId !== undefined) return { kind: "review", state, reviewId, since };
  if (task.token !== undefined) return { kind: "callback", state, since };
  return { kind: "task", state, resource, since };
}

/** The places a run can be rewound to, in order; those undone by an earlier rewind are left out. */
export function checkpoints(events: readonly RunEvent[]): Checkpoint[] {
  const places: Checkpoint[] = [];
  for (const event of countingEvents(events)) {
    if (!("state" in event) || !event.type.endsWith("StateEntered")) continue;
    places.push({ seq: event.seq, state: event.state, at: event.at });
  }
  return places;
}

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

export function summary(state: RunState): RunSummary {
  return {
    runId: state.runId,
    name: state.name,
    status: state.status,
    startedAt: state.startedAt,
    stoppedAt: state.stoppedAt ?? null,
    error: state.error ?? null,
    cause: state.cause ?? null,
    redrives: state.redrives,
    seq: state.seq,
    progress: progress(state),
  };
}
