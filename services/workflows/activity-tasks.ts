import { notFound } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { ActivityTask } from "../../domain/workflows/activity.ts";
import { activityOfArn } from "../../domain/workflows/arn.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findActivity } from "./activities.ts";
import { TaskFailure } from "./task-arguments.ts";
import type { TaskCall, TaskOutcome } from "./task-call.ts";

// AWS: a poll is held for a minute.
const POLL_MS = 60 * SECOND_MS;
/** A worker that hung up is noticed at the end of a look, before a task is handed to nobody. */
const LOOK_MS = 5 * SECOND_MS;

/** The task of an activity waits until a worker polls for it. */
export async function offerActivityTask(ctx: ServiceContext, task: TaskCall): Promise<TaskOutcome> {
  const name = activityOfArn(task.resource) ?? "";
  if ((await findActivity(ctx, name)) === null || task.token === undefined) {
    throw new TaskFailure("States.Runtime", `The activity ${task.resource} does not exist.`);
  }
  await ctx.ports.activityQueues.of(ctx.tenant.id, name).put(task.token);
  return { kind: "submitted", output: null };
}

/** The next task of the activity, for the worker that asks; `null` where none comes within a minute. */
export async function takeActivityTask(
  ctx: ServiceContext,
  name: string,
  workerName: string | null,
  pollMs = POLL_MS,
): Promise<ActivityTask | null> {
  requirePermission(ctx, "runs:write");
  if ((await findActivity(ctx, name)) === null) throw notFound("activity");
  const queue = ctx.ports.activityQueues.of(ctx.tenant.id, name);
  const until = ctx.clock.now() + pollMs;
  for (;;) {
    const rest = until - ctx.clock.now();
    const task = await queue.take(Math.max(0, Math.min(rest, LOOK_MS)), workerName);
    if (task !== null || rest <= LOOK_MS) return task;
  }
}
