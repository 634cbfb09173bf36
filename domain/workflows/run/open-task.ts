import { SECOND_MS } from "../../kernel/time.ts";
import type { TaskFamily, TaskScheduled } from "./event.ts";
import { hold } from "./holding.ts";
import { charactersOf } from "./payload.ts";
import { currentVisit, type OpenTask, type RunState, type Scope, taskKey } from "./state.ts";
import { addTimer } from "./timers.ts";

// What events do to a task that is open. Only evolve() calls these.

export function openTask(state: RunState, scope: Scope, event: TaskScheduled, seq: number, at: number): void {
  const visit = currentVisit(scope);
  const task: OpenTask = {
    key: taskKey(scope.id, event.state, seq, state.lineage),
    id: seq,
    family: event.type.slice(0, -"Scheduled".length) as TaskFamily,
    scope: scope.id,
    state: event.state,
    resource: event.resource,
    input: event.input,
    scheduledAt: at,
    started: false,
    submitted: false,
  };
  if (event.credentials !== undefined) task.credentials = event.credentials;
  if (event.token !== undefined) task.token = event.token;
  if (event.timeoutInSeconds !== undefined) task.timeoutSeconds = event.timeoutInSeconds;
  if (event.heartbeatInSeconds !== undefined) task.heartbeatSeconds = event.heartbeatInSeconds;
  state.tasks[seq] = task;
  scope.phase = { at: "task", visit, task: seq };
  hold(state, scope, "work", event.input === visit.input ? scope.held.value : charactersOf(event.input));
}

/** The clocks of a task run from its start: an activity may wait for a worker as long as it must. */
export function startTask(state: RunState, id: number, at: number, order: number): void {
  const task = state.tasks[id];
  if (task === undefined) return;
  task.started = true;
  if (task.timeoutSeconds !== undefined) {
    task.timeoutAt = at + task.timeoutSeconds * SECOND_MS;
    addTimer(state, { at: task.timeoutAt, kind: "timeout", owner: String(id), order });
  }
  if (task.heartbeatSeconds !== undefined) {
    task.heartbeatAt = at + task.heartbeatSeconds * SECOND_MS;
    addTimer(state, { at: task.heartbeatAt, kind: "heartbeat", owner: String(id), order });
  }
}

export function noteHeartbeat(state: RunState, id: number, at: number, order: number): void {
  const task = state.tasks[id];
  if (task?.heartbeatSeconds === undefined) return;
  task.heartbeatAt = at + task.heartbeatSeconds * SECOND_MS;
  addTimer(state, { at: task.heartbeatAt, kind: "heartbeat", owner: String(id), order });
}
