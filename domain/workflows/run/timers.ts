import type { RunState, Timer } from "./state.ts";

// All timers of a run in one binary heap. A timer whose owner moved on is not searched for; it is dropped when it
// reaches the top, or swept out with its likes when they could be the majority. So every operation is O(log n).

const SMALLEST_SWEEP = 64;

export function addTimer(state: RunState, timer: Timer): void {
  if (state.timers.length >= state.sweepTimersAt) sweep(state);
  state.timers.push(timer);
  rise(state.timers, state.timers.length - 1);
}

/** Takes ended timers off the top, so that the first entry is always one that must ring. */
export function dropEndedTimers(state: RunState): void {
  const { timers } = state;
  for (let top = timers[0]; top !== undefined && !isLive(state, top); top = timers[0]) {
    const last = timers.pop() as Timer;
    if (timers.length === 0) return;
    timers[0] = last;
    sink(timers, 0);
  }
}

function isLive(state: RunState, timer: Timer): boolean {
  if (timer.kind === "timeout") return state.tasks[timer.owner]?.timeoutAt === timer.at;
  if (timer.kind === "heartbeat") return state.tasks[timer.owner]?.heartbeatAt === timer.at;
  if (timer.kind === "retry" && state.status === "paused") return false;
  const phase = state.scopes[timer.owner]?.phase;
  return phase !== undefined && phase.at === timer.kind && phase.until === timer.at;
}

function sweep(state: RunState): void {
  const live = state.timers.filter((timer) => isLive(state, timer)).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  state.timers = live;
  state.sweepTimersAt = Math.max(SMALLEST_SWEEP, 2 * live.length);
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function rise(timers: Timer[], from: number): void {
  const timer = timers[from] as Timer;
  let at = from;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = timers[above] as Timer;
    if (!isBefore(timer, parent)) break;
    timers[at] = parent;
    at = above;
  }
  timers[at] = timer;
}

function sink(timers: Timer[], from: number): void {
  const timer = timers[from] as Timer;
  let at = from;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= timers.length) break;
    if (below + 1 < timers.length && isBefore(timers[below + 1] as Timer, timers[below] as Timer)) below++;
    const child = timers[below] as Timer;
    if (!isBefore(child, timer)) break;
    timers[at] = child;
    at = below;
  }
  timers[at] = timer;
}
