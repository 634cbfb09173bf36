import type { StateType } from "../definition/machine.ts";
import type { ExecutionStarted, Failure, Plan, RunEvent, StateEntered, StateExited } from "./event.ts";
import {
  collectResults,
  dropChildren,
  endBranch,
  endIteration,
  startBranches,
  startChild,
  startItems,
} from "./fan-out.ts";
import { assign, hold, holdInput, holdOutput, nothingHeld } from "./holding.ts";
import { end, redrive, resume, rewind } from "./lifecycle.ts";
import { finishChildren, startMapRun, takeItems, takeResultFile, takeWritten, updateMapRun } from "./map-run.ts";
import { noteHeartbeat, openTask, startTask } from "./open-task.ts";
import { charactersOf } from "./payload.ts";
import { currentVisit, fanOutOf, type Phase, ROOT, type RunState, type Scope, type Visit, visitOf } from "./state.ts";
import { addTimer, dropEndedTimers } from "./timers.ts";

// The only thing that changes a run's state.
//   E1  evolve() evaluates no expression, reads no clock and draws no chance: the event says it all.
//   E2  The work per event grows neither with the history nor with the number of siblings.
//   E3  After any prefix of a journal the phases say what comes next, so Continue can go on from there.

/** Applies one event. Changes `state` in place and returns it: the caller owns it. */
export function evolve(state: RunState, event: RunEvent): RunState {
  state.seq = event.seq;
  apply(state, event);
  dropEndedTimers(state);
  for (const plan of event.plans ?? NO_PLANS) applyPlan(state, plan, event.seq);
  return state;
}

/** Adds to an event that was applied already, and applies the addition. */
export function amend(state: RunState, event: RunEvent, plan: Plan): void {
  event.plans = [...(event.plans ?? []), plan];
  applyPlan(state, plan, event.seq);
}

const NO_PLANS: readonly Plan[] = [];

function apply(state: RunState, event: RunEvent): void {
  if (event.type === "ExecutionStarted") {
    begin(state, event, event.at);
    return;
  }
  const scope = state.scopes[event.scope];
  if (scope === undefined) throw new Error(`event ${event.seq} belongs to no open scope: ${event.scope}`);
  scope.last = event.seq;
  switch (event.type) {
    case "PassStateEntered":
    case "TaskStateEntered":
    case "ChoiceStateEntered":
    case "WaitStateEntered":
    case "SucceedStateEntered":
    case "FailStateEntered":
    case "ParallelStateEntered":
    case "MapStateEntered":
      enter(state, scope, event, event.seq, event.at);
      return;
    case "PassStateExited":
    case "TaskStateExited":
    case "ChoiceStateExited":
    case "WaitStateExited":
    case "SucceedStateExited":
    case "ParallelStateExited":
    case "MapStateExited":
      exit(state, scope, event);
      return;
    case "TaskScheduled":
    case "LambdaFunctionScheduled":
    case "ActivityScheduled":
      openTask(state, scope, event, event.seq, event.at);
      return;
    case "TaskStarted":
    case "LambdaFunctionStarted":
    case "ActivityStarted":
      startTask(state, event.task, event.at, event.seq);
      return;
    case "TaskSubmitted": {
      const task = state.tasks[event.task];
      if (task !== undefined) task.submitted = true;
      return;
    }
    case "TaskSucceeded":
    case "LambdaFunctionSucceeded":
    case "ActivitySucceeded":
      delete state.tasks[event.task];
      scope.phase = { at: "result", visit: currentVisit(scope), result: event.output };
      hold(state, scope, "work", charactersOf(event.output));
      return;
    case "TaskFailed":
    case "LambdaFunctionFailed":
    case "ActivityFailed":
    case "TaskTimedOut":
    case "LambdaFunctionTimedOut":
    case "ActivityTimedOut":
      delete state.tasks[event.task];
      fail(scope, event, event.heartbeat === true);
      return;
    case "EvaluationFailed":
      fail(scope, event, false);
      return;
    case "RunTaskHeartbeat":
      noteHeartbeat(state, event.task, event.at, event.seq);
      return;
    case "PassStateAborted":
    case "TaskStateAborted":
    case "ChoiceStateAborted":
    case "WaitStateAborted":
    case "SucceedStateAborted":
    case "FailStateAborted":
    case "ParallelStateAborted":
    case "MapStateAborted":
      abort(state, scope);
      return;
    case "ParallelStateStarted":
      startBranches(state, scope, event, event.seq);
      return;
    case "MapStateStarted":
      startItems(state, scope, event, event.seq);
      return;
    case "ParallelStateSucceeded":
    case "MapStateSucceeded":
      collectResults(scope);
      return;
    case "ParallelStateFailed":
    case "MapStateFailed":
    case "MapIterationFailed":
    case "MapRunFailed":
      fail(scope, event, false);
      return;
    case "MapIterationStarted":
      startChild(state, scope, event.index, event.seq);
      return;
    case "MapIterationSucceeded":
      endIteration(state, scope, event.index);
      return;
    case "MapIterationAborted":
    case "MapRunAborted":
      return;
    case "MapRunStarted":
      startMapRun(state, scope, event);
      return;
    case "RunItemsRead":
      takeItems(state, scope, event.items, event.batches);
      return;
    case "RunChildrenFinished":
      finishChildren(state, scope, event.children);
      return;
    case "RunMapRunUpdated":
      updateMapRun(state, scope, event.change);
      return;
    case "RunResultFileWritten":
      takeResultFile(state, scope, event.file);
      return;
    case "RunResultsWritten":
      takeWritten(scope, event.output);
      return;
    case "MapRunSucceeded":
      return;
    case "ReviewRequested": {
      const task = state.tasks[event.task];
      if (task !== undefined) task.reviewId = event.reviewId;
      return;
    }
    case "ReviewDecided":
    case "RunPlanned":
      return;
    case "RunHistoryWarning":
      state.warned = true;
      return;
    case "RunPaused":
      state.status = "paused";
      return;
    case "RunResumed":
      resume(state, event.seq);
      return;
    case "RunRewound":
      rewind(state, event.seq, event.deadline);
      return;
    case "ExecutionRedriven":
      redrive(state, event.at, event.redriveCount, event.deadline);
      return;
    case "ExecutionSucceeded":
      state.output = event.output;
      end(state, "succeeded", event.at, {});
      return;
    case "ExecutionFailed":
      end(state, "failed", event.at, event);
      return;
    case "ExecutionTimedOut":
      end(state, "timed_out", event.at, event);
      return;
    case "ExecutionAborted":
      end(state, "aborted", event.at, event);
      return;
    default:
      event satisfies never;
  }
}

function begin(state: RunState, event: ExecutionStarted, at: number): void {
  state.runId = event.runId;
  if (event.executionId !== undefined) state.executionId = event.executionId;
  state.name = event.name;
  state.roleArn = event.roleArn;
  state.stateMachine = event.stateMachine;
  state.machineType = event.machineType;
  state.limits = event.limits;
  state.input = event.input;
  state.startedAt = at;
  if (event.deadline !== undefined) state.deadline = event.deadline;
  const phase: Phase = { at: "next", state: event.startAt, input: event.input };
  // AWS links the first state to event 0, not to ExecutionStarted.
  const root: Scope = { id: ROOT, parent: null, index: 0, variables: {}, last: 0, phase, held: nothingHeld() };
  state.scopes[ROOT] = root;
  hold(state, root, "value", charactersOf(event.input));
}

function enter(state: RunState, scope: Scope, event: StateEntered, seq: number, at: number): void {
  state.entered++;
  // A state that was aborted and is entered again leaves its children behind.
  dropChildren(state, scope);
  holdInput(state, scope, event.input);
  const type = event.type.slice(0, -"StateEntered".length) as StateType;
  const visit: Visit = { state: event.state, type, entered: seq, enteredAt: at, input: event.input, retries: [] };
  scope.phase = { at: "entered", visit };
}

function exit(state: RunState, scope: Scope, event: StateExited): void {
  state.exited++;
  dropChildren(state, scope);
  holdOutput(state, scope, event.output);
  if (event.assigned !== undefined) assign(state, scope, event.assigned);
  if (event.next !== undefined) {
    scope.phase = { at: "next", state: event.next, input: event.output };
    return;
  }
  scope.phase = { at: "ended", output: event.output };
  const parent = scope.parent === null ? undefined : state.scopes[scope.parent];
  if (parent !== undefined) endBranch(state, parent, scope);
}

function fail(scope: Scope, { error, cause }: Failure, isHeartbeat: boolean): void {
  const { phase } = scope;
  const fanOut = fanOutOf(phase);
  scope.phase = {
    at: "failed",
    visit: currentVisit(scope),
    failure: { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) },
    ...(isHeartbeat && { heartbeat: true as const }),
    ...(fanOut !== null && { fanOut }),
  };
}

function abort(state: RunState, scope: Scope): void {
  const { phase } = scope;
  if (phase.at === "task") delete state.tasks[phase.task];
  const fanOut = fanOutOf(phase);
  scope.phase = { at: "aborted", visit: visitOf(phase), ...(fanOut !== null && { fanOut }) };
}

function applyPlan(state: RunState, plan: Plan, order: number): void {
  settlePlan(state, plan, order);
  dropEndedTimers(state);
}

function settlePlan(state: RunState, plan: Plan, order: number): void {
  const scope = state.scopes[plan.scope];
  if (scope === undefined) return;
  const visit = currentVisit(scope);
  switch (plan.kind) {
    case "wait":
      scope.phase = { at: "wait", visit, until: plan.until };
      addTimer(state, { at: plan.until, kind: "wait", owner: scope.id, order });
      return;
    case "fail":
      fail(scope, plan, false);
      return;
    case "retry": {
      dropChildren(state, scope);
      hold(state, scope, "work", 0);
      while (visit.retries.length <= plan.retrier) visit.retries.push(0);
      visit.retries[plan.retrier] = (visit.retries[plan.retrier] ?? 0) + 1;
      scope.phase = { at: "retry", visit, until: plan.at };
      if (state.status !== "paused") addTimer(state, { at: plan.at, kind: "retry", owner: scope.id, order });
      return;
    }
    default:
      plan satisfies never;
  }
}
