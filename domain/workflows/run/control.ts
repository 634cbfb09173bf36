import { SECOND_MS } from "../../kernel/time.ts";
import { abort, cancelEverything } from "./abort.ts";
import { queueReady } from "./advance.ts";
import type { Refusal, StartRun } from "./command.ts";
import { pendingEffects } from "./effects.ts";
import { DEFAULT_LIMITS, type Failure } from "./event.ts";
import { isEnded, ROOT, type RunState } from "./state.ts";
import { emit, rootScope, type Turn } from "./turn.ts";

// Commands that concern the run as a whole.

/** AWS: an Express execution lasts five minutes at most. */
const MAX_EXPRESS_SECONDS = 300;

export function startRun(turn: Turn, command: StartRun): Refusal | null {
  if (turn.state.seq > 0) return "already-started";
  const { type: _, limits = DEFAULT_LIMITS, ...identity } = command;
  const started = { id: ROOT, last: 0 };
  emit(turn, started, {
    type: "ExecutionStarted",
    ...identity,
    limits,
    startAt: turn.machine.startAt,
    ...newDeadline(turn, command.machineType),
  });
  turn.queue.push(ROOT);
  return null;
}

function newDeadline(turn: Turn, machineType: RunState["machineType"]): { deadline?: number } {
  const own = turn.machine.timeoutSeconds;
  const limit = machineType === "EXPRESS" ? Math.min(own ?? MAX_EXPRESS_SECONDS, MAX_EXPRESS_SECONDS) : own;
  return limit === null ? {} : { deadline: turn.now + limit * SECOND_MS };
}

/**
 * No state is entered and no retry begins until the run resumes; what is under way may end and is kept. Clocks go on. A run that is
 * paused stays so, and one that runs goes on: whoever lost the answer may ask again.
 */
export function pause(turn: Turn, reason: string | undefined): Refusal | null {
  if (turn.state.status === "paused") return null;
  emit(turn, rootScope(turn.state), { type: "RunPaused", ...(reason !== undefined && { reason }) });
  return null;
}

export function resume(turn: Turn, reason: string | undefined): Refusal | null {
  if (turn.state.status !== "paused") return null;
  emit(turn, rootScope(turn.state), { type: "RunResumed", ...(reason !== undefined && { reason }) });
  restartMapRuns(turn);
  queueReady(turn);
  return null;
}

/** What of a map run is under way already is asked for again; the key makes that harmless. */
function restartMapRuns(turn: Turn): void {
  for (const effect of pendingEffects(turn.state)) {
    if (effect.kind !== "task" && effect.kind !== "continue") turn.effects.push(effect);
  }
}

export function stop(turn: Turn, { error, cause }: Failure): Refusal | null {
  const root = rootScope(turn.state);
  abort(turn, root);
  emit(turn, root, {
    type: "ExecutionAborted",
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  });
  return null;
}

/** ASL: the machine's TimeoutSeconds cannot be caught. */
export function timeOut(turn: Turn): void {
  cancelEverything(turn);
  emit(turn, rootScope(turn.state), { type: "ExecutionTimedOut", error: "States.Timeout" });
}

/** AWS: Standard executions that did not succeed go on where they ended. */
export function redrive(turn: Turn): Refusal | null {
  const { state } = turn;
  if (!isEnded(state)) return "not-ended";
  if (state.status === "succeeded" || state.machineType === "EXPRESS") return "not-redrivable";
  if (state.seq + 1 >= state.limits.maxEvents) return "history-full";
  emit(turn, rootScope(state), {
    type: "ExecutionRedriven",
    redriveCount: state.redrives + 1,
    ...newDeadline(turn, state.machineType),
  });
  restartMapRuns(turn);
  queueReady(turn);
  return null;
}

/** `restored` takes the place of the run's state; the events between stay in the journal and count no more. */
export function rewind(turn: Turn, toSeq: number, restored: RunState): Refusal | null {
  const live = turn.state;
  if (live.seq + 1 >= live.limits.maxEvents) return "history-full";
  if (restored.runId !== live.runId || restored.seq < 1 || restored.seq > live.seq) return "no-such-event";
  if (isEnded(restored)) return "no-such-event";
  cancelEverything(turn);
  const restoredSeq = restored.seq;
  turn.state = restored;
  restored.seq = live.seq;
  emit(turn, rootScope(restored), {
    type: "RunRewound",
    toSeq,
    restoredSeq,
    ...newDeadline(turn, restored.machineType),
  });
  turn.effects.push(...pendingEffects(restored).filter(({ kind }) => kind !== "continue"));
  queueReady(turn);
  return null;
}
