import { cancel } from "./abort.ts";
import { drain } from "./advance.ts";
import { timeOut } from "./control.ts";
import { isEnded, type Timer } from "./state.ts";
import { emit, isTired, loadScope, type Turn } from "./turn.ts";

/** Everything due happens, in the order of time; what it sets off happens in between. */
export async function ring(turn: Turn): Promise<null> {
  const { state } = turn;
  if (state.deadline !== undefined && state.deadline <= turn.now) {
    timeOut(turn);
    return null;
  }
  while (!isEnded(state)) {
    const timer = state.timers[0];
    if (timer === undefined || timer.at > turn.now) break;
    if (timer.kind === "timeout" || timer.kind === "heartbeat") endTask(turn, timer);
    else turn.queue.push(timer.owner);
    await drain(turn);
    if (state.timers[0] === timer || isTired(turn)) break;
  }
  return null;
}

/** As recorded on AWS: a missed heartbeat is reported as States.Timeout, too. */
function endTask(turn: Turn, timer: Timer): void {
  const task = turn.state.tasks[timer.owner];
  if (task === undefined) return;
  cancel(turn, task);
  emit(turn, loadScope(turn.state, task.scope), {
    type: `${task.family}TimedOut`,
    state: task.state,
    task: task.id,
    error: "States.Timeout",
    ...(timer.kind === "heartbeat" && { heartbeat: true as const }),
  });
  turn.queue.push(task.scope);
}
