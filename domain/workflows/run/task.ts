import { isJsonObject, type Json } from "../../kernel/json.ts";
import { SECOND_MS } from "../../kernel/time.ts";
import type { TaskState } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import { evaluateTemplate } from "../expression/evaluate.ts";
import { evaluateNumber } from "../expression/number-field.ts";
import { ReviewRequest, reviewId } from "../review.ts";
import { taskEffect } from "./effects.ts";
import { DEFAULT_LIMITS, type TaskFamily } from "./event.ts";
import type { OpenTask, Scope, Visit } from "./state.ts";
import { effectiveInput, requireSize } from "./transition.ts";
import { emit, evaluationScope, type Turn } from "./turn.ts";

export const REVIEW_RESOURCE = "weft:review:request";

/** Evaluates what the outside is to do and hands it over. An activity then waits for its worker. */
export async function schedule(turn: Turn, scope: Scope, visit: Visit, definition: TaskState): Promise<void> {
  const { resource, credentials } = definition;
  const id = turn.state.seq + 1;
  const hasToken = resource.pattern === "waitForTaskToken" || resource.kind === "activity";
  const token = hasToken ? `${turn.state.runId}.${id}.${turn.chance.uuid()}` : undefined;
  const effective = effectiveInput(turn, scope, visit, definition);
  const evaluation = evaluationScope(turn, scope, visit, effective, {
    ...(token !== undefined && resource.kind !== "activity" && { token }),
  });
  const input =
    definition.arguments === null ? effective : await evaluateTemplate(definition.arguments, evaluation, turn.chance);
  requireSize(turn, visit.state, input, requestLimit(turn, resource.uri));
  const review = resource.uri === REVIEW_RESOURCE ? reviewRequest(input) : null;
  const { timeoutSeconds, heartbeatSeconds } = definition;
  const timeout = timeoutSeconds === null ? null : await evaluateNumber(timeoutSeconds, evaluation, turn.chance);
  const heartbeat = heartbeatSeconds === null ? null : await evaluateNumber(heartbeatSeconds, evaluation, turn.chance);
  const role = credentials === null ? null : await evaluateTemplate(credentials, evaluation, turn.chance);
  const family: TaskFamily =
    resource.kind === "function" ? "LambdaFunction" : resource.kind === "activity" ? "Activity" : "Task";
  const limit = review?.dueSeconds === undefined ? timeout : Math.min(review.dueSeconds, timeout ?? review.dueSeconds);
  emit(turn, scope, {
    type: `${family}Scheduled`,
    state: visit.state,
    resource: resource.uri,
    input,
    ...(role !== null && { credentials: role }),
    ...(token !== undefined && { token }),
    ...(limit !== null && { timeoutInSeconds: limit }),
    ...(heartbeat !== null && { heartbeatInSeconds: heartbeat }),
  });
  turn.written += scope.held.work;
  start(turn, scope, id, family);
}

/** A review's request goes into a list that people read: a larger limit of the run's is not for it. */
function requestLimit({ state }: Turn, resource: string): number {
  const { maxPayloadBytes } = state.limits;
  return resource === REVIEW_RESOURCE ? Math.min(maxPayloadBytes, DEFAULT_LIMITS.maxPayloadBytes) : maxPayloadBytes;
}

function start(turn: Turn, scope: Scope, id: number, family: TaskFamily): void {
  const task = turn.state.tasks[id];
  if (task === undefined) return;
  if (family !== "Activity") emit(turn, scope, { type: `${family}Started`, state: task.state, task: id });
  if (task.resource === REVIEW_RESOURCE) requestReview(turn, scope, task);
  turn.effects.push(taskEffect(task));
}

/** What is wrong is not passed over: with a mistyped role anybody would decide. A due time is a timeout of the task. */
function reviewRequest(input: Json): ReviewRequest {
  const { data, error } = ReviewRequest.safeParse(isJsonObject(input) ? input : {});
  if (data !== undefined) return data;
  const issues = error.issues.map(({ path, message }) => `/${path.join("/")} ${message}`);
  throw new StateError("Weft.ValidationFailed", issues.join("; "), false);
}

function requestReview(turn: Turn, scope: Scope, task: OpenTask): void {
  const { title, assigneeRole } = isJsonObject(task.input) ? task.input : {};
  emit(turn, scope, {
    type: "ReviewRequested",
    state: task.state,
    task: task.id,
    reviewId: reviewId(turn.state.runId, task.id),
    ...(typeof title === "string" && { title }),
    ...(typeof assigneeRole === "string" && { assigneeRole }),
    ...(task.timeoutSeconds !== undefined && { dueAt: turn.now + task.timeoutSeconds * SECOND_MS }),
  });
}
