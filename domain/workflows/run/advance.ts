import type { Json } from "../../kernel/json.ts";
import { StateError } from "../expression/error.ts";
import { advanceMapRun, startDistributed } from "./distributed-map.ts";
import { fail, raise } from "./failure.ts";
import { openFanOut } from "./fan-out.ts";
import { choose, failState, pass, succeed } from "./instant.ts";
import { restartIteration, startIterations, startMap } from "./map.ts";
import { startParallel } from "./parallel.ts";
import { isReady } from "./readiness.ts";
import { currentVisit, fanOutOf, isEnded, type Scope, type Visit } from "./state.ts";
import { schedule } from "./task.ts";
import { complete, enter, requireRoom } from "./transition.ts";
import { definitionOf, emit, isSpent, isTired, loadScope, statesOf, type Turn } from "./turn.ts";
import { finishWait, wait } from "./wait.ts";

/** Runs the scopes of the queue, and those that they wake, until none can go on or the budget is spent. */
export async function drain(turn: Turn): Promise<void> {
  for (let i = 0; i < turn.queue.length && !isEnded(turn.state) && !isTired(turn); i++) {
    const scope = turn.state.scopes[turn.queue[i] ?? ""];
    if (scope !== undefined) await advance(turn, scope);
  }
  turn.queue.length = 0;
}

/** After a pause, a rewind, a redrive, or a spent budget: every scope that can go on, does. */
export function queueReady(turn: Turn): void {
  for (const scope of Object.values(turn.state.scopes)) {
    if (isReady(turn.state, scope) || isDueRetry(turn, scope)) turn.queue.push(scope.id);
  }
}

function isDueRetry(turn: Turn, { phase }: Scope): boolean {
  return phase.at === "retry" && phase.until <= turn.now;
}

/** Every step changes the scope's phase; when one does not, the scope waits for the outside or for its children. */
async function advance(turn: Turn, scope: Scope): Promise<void> {
  while (!isEnded(turn.state)) {
    const { phase } = scope;
    try {
      await step(turn, scope);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      await raise(turn, scope, error);
    }
    if (scope.phase === phase || isGone(turn, scope)) return;
  }
}

/** Dropped with its siblings; one that ended still has its parent to wake. */
function isGone(turn: Turn, scope: Scope): boolean {
  return turn.state.scopes[scope.id] !== scope && scope.phase.at !== "ended";
}

async function step(turn: Turn, scope: Scope): Promise<void> {
  const { phase } = scope;
  switch (phase.at) {
    case "start":
      if (canEnter(turn)) await begin(turn, scope);
      return;
    case "next":
      if (canEnter(turn)) enter(turn, scope, phase.state, phase.input);
      return;
    case "entered":
      await execute(turn, scope, phase.visit);
      return;
    case "wait":
      if (phase.until <= turn.now) await endWait(turn, scope, phase.visit);
      return;
    case "retry":
      if (phase.until <= turn.now && turn.state.status !== "paused") await execute(turn, scope, phase.visit);
      return;
    case "result":
      await finish(turn, scope, phase.visit, phase.result);
      return;
    case "failed":
      await fail(turn, scope, phase.failure, phase.heartbeat === true);
      return;
    case "fanOut":
      await fanOutStep(turn, scope, phase.visit);
      return;
    case "ended":
      end(turn, scope, phase.output);
      return;
    case "aborted":
      if (isReady(turn.state, scope) && phase.visit !== null && canEnter(turn)) {
        enter(turn, scope, phase.visit.state, phase.visit.input);
      }
      return;
    case "task":
      return;
    default:
      phase satisfies never;
  }
}

function canEnter(turn: Turn): boolean {
  return turn.state.status === "running" && !isSpent(turn);
}

/** The first state of a branch or iteration. */
async function begin(turn: Turn, scope: Scope): Promise<void> {
  if (scope.parent === null) return;
  const parent = loadScope(turn.state, scope.parent);
  const { phase } = parent;
  if (phase.at !== "fanOut") return;
  if (phase.fanOut.kind === "map") await restartIteration(turn, scope, parent, phase.visit, phase.fanOut);
  else enter(turn, scope, statesOf(turn, scope).startAt, phase.fanOut.input);
}

async function execute(turn: Turn, scope: Scope, visit: Visit): Promise<void> {
  requireRoom(turn, scope, visit.state);
  const definition = definitionOf(turn, scope, visit.state);
  switch (definition.type) {
    case "Pass":
      return await pass(turn, scope, visit, definition);
    case "Task":
      return await schedule(turn, scope, visit, definition);
    case "Choice":
      return await choose(turn, scope, visit, definition);
    case "Wait":
      return await wait(turn, scope, visit, definition);
    case "Succeed":
      return await succeed(turn, scope, visit, definition);
    case "Fail":
      return await failState(turn, scope, visit, definition);
    case "Parallel":
      return await startParallel(turn, scope, visit, definition);
    case "Map":
      return await startMap(turn, scope, visit, definition);
    default:
      definition satisfies never;
  }
}

async function endWait(turn: Turn, scope: Scope, visit: Visit): Promise<void> {
  const definition = definitionOf(turn, scope, visit.state);
  if (definition.type === "Wait") await finishWait(turn, scope, visit, definition);
}

async function finish(turn: Turn, scope: Scope, visit: Visit, result: Json): Promise<void> {
  requireRoom(turn, scope, visit.state);
  const definition = definitionOf(turn, scope, visit.state);
  if (definition.type === "Task" || definition.type === "Parallel" || definition.type === "Map") {
    await complete(turn, scope, visit, definition, result);
  }
}

async function fanOutStep(turn: Turn, scope: Scope, visit: Visit): Promise<void> {
  const fanOut = openFanOut(scope);
  if (fanOut.kind === "map") {
    if (fanOut.succeeded === fanOut.total) emit(turn, scope, { type: "MapStateSucceeded", state: visit.state });
    else if (turn.state.status === "running") await startIterations(turn, scope, visit, fanOut);
    return;
  }
  if (fanOut.kind !== "mapRun") return;
  const definition = definitionOf(turn, scope, visit.state);
  if (fanOut.mapRun === undefined && definition.type === "Map") await startDistributed(turn, scope, visit, definition);
  else if (fanOut.mapRun?.stage === "done") await advanceMapRun(turn, scope, 0);
}

/** The last state of a scope was left. */
function end(turn: Turn, scope: Scope, output: Json): void {
  if (scope.parent === null) {
    emit(turn, scope, { type: "ExecutionSucceeded", output });
    return;
  }
  const parent = loadScope(turn.state, scope.parent);
  if (fanOutOf(parent.phase)?.kind === "map") {
    emit(turn, parent, { type: "MapIterationSucceeded", state: currentVisit(parent).state, index: scope.index });
  }
  turn.queue.push(parent.id);
}
