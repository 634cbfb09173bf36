import type { Json } from "../../kernel/json.ts";
import { isoTime } from "../../kernel/time.ts";
import type { Refusal, RunCommand, TaskRef } from "./command.ts";
import type { OpenTask, RunState } from "./state.ts";
import { limitExceeded } from "./transition.ts";
import { emit, loadScope, type Turn } from "./turn.ts";

type TaskAnswer = Extract<RunCommand, { readonly task: TaskRef }>;
type ReviewAnswer = Extract<RunCommand, { readonly type: "DecideReview" }>;

/** AWS: SendTaskFailure's limits, in characters. */
const MAX_ERROR_LENGTH = 256;
const MAX_CAUSE_LENGTH = 32_768;

/** The id of the Scheduled event a key or a token speaks of; NaN where it has not their form. */
export function taskIdOf(task: TaskRef): number {
  if ("token" in task) return Number(task.token.split(".").at(-2));
  return Number.parseInt(task.key.slice(task.key.lastIndexOf("/") + 1), 10);
}

/** A task that is still open; answers to any other come late or twice. */
export function findTask(state: RunState, ref: TaskRef): OpenTask | null {
  const task = state.tasks[taskIdOf(ref)];
  if (task === undefined) return null;
  const isMeant = "token" in ref ? task.token === ref.token : task.key === ref.key;
  return isMeant ? task : null;
}

export function answerTask(turn: Turn, command: TaskAnswer): Refusal | null {
  const task = findTask(turn.state, command.task);
  if (task === null) return "unknown-task";
  const scope = loadScope(turn.state, task.scope);
  const about = { state: task.state, task: task.id };
  switch (command.type) {
    case "TaskStarted": {
      if (task.started) return null;
      const { workerName } = command;
      emit(turn, scope, { type: `${task.family}Started`, ...about, ...(workerName !== undefined && { workerName }) });
      return null;
    }
    case "TaskSubmitted": {
      if (task.submitted || task.family !== "Task") return null;
      const { output } = command;
      emit(turn, scope, { type: "TaskSubmitted", ...about, ...(output !== undefined && { output }) });
      return null;
    }
    case "TaskHeartbeat":
      if (task.heartbeatAt !== undefined) emit(turn, scope, { type: "RunTaskHeartbeat", ...about });
      return null;
    case "TaskSucceeded":
      succeedTask(turn, task, command.output);
      return null;
    case "TaskFailed": {
      const { error, cause } = command;
      emit(turn, scope, {
        type: `${task.family}Failed`,
        ...about,
        ...(error !== undefined && { error: error.slice(0, MAX_ERROR_LENGTH) }),
        ...(cause !== undefined && { cause: cause.slice(0, MAX_CAUSE_LENGTH) }),
      });
      turn.queue.push(scope.id);
      return null;
    }
    default:
      return command satisfies never;
  }
}

function succeedTask(turn: Turn, task: OpenTask, output: Json): void {
  const scope = loadScope(turn.state, task.scope);
  const about = { state: task.state, task: task.id };
  const cause = limitExceeded(task.resource, output, turn.state.limits.maxPayloadBytes);
  if (cause === null) {
    emit(turn, scope, { type: `${task.family}Succeeded`, ...about, output });
  } else {
    emit(turn, scope, { type: `${task.family}Failed`, ...about, error: "States.DataLimitExceeded", cause });
  }
  turn.queue.push(scope.id);
}

/** A rejection is a result like an approval: the definition says what follows from it. */
export function decideReview(turn: Turn, command: ReviewAnswer): Refusal | null {
  const task = turn.state.tasks[command.reviewId.slice(command.reviewId.lastIndexOf("-") + 1)];
  if (task?.reviewId !== command.reviewId) return "unknown-review";
  const { type: _, ...decision } = command;
  const { reviewId: __, ...result } = decision;
  emit(turn, loadScope(turn.state, task.scope), {
    type: "ReviewDecided",
    state: task.state,
    task: task.id,
    ...decision,
  });
  succeedTask(turn, task, { ...result, decidedAt: isoTime(turn.now) });
  return null;
}
