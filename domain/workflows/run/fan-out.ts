import type { Json } from "../../kernel/json.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type { MapStateStarted, RunEventBody } from "./event.ts";
import { hold, nothingHeld, release } from "./holding.ts";
import { charactersOf } from "./payload.ts";
import { currentVisit, type FanOut, fanOutOf, type RunState, type Scope } from "./state.ts";

// What events do to the children of Parallel and inline Map. Only evolve() calls these.

type BranchesStarted = Extract<RunEventBody, { readonly type: "ParallelStateStarted" }>;

export function startBranches(state: RunState, scope: Scope, event: BranchesStarted, seq: number): void {
  const visit = currentVisit(scope);
  const fanOut = newFanOut("parallel", seq, event.input ?? visit.input, 0);
  resize(fanOut, event.branches);
  scope.phase = { at: "fanOut", visit, fanOut };
  hold(state, scope, "work", charactersOf(event.input));
  for (let index = 0; index < event.branches; index++) startChild(state, scope, index, seq);
}

export function startItems(state: RunState, scope: Scope, event: MapStateStarted, seq: number): void {
  const visit = currentVisit(scope);
  const kind = event.mode === "INLINE" ? "map" : "mapRun";
  const fanOut = newFanOut(kind, seq, event.input ?? visit.input, event.maxConcurrency);
  fanOut.items = event.items ?? (event.itemsAt === undefined ? [] : itemsIn(visit.input, event.itemsAt));
  if (kind === "map") resize(fanOut, event.length);
  scope.phase = { at: "fanOut", visit, fanOut };
  hold(state, scope, "work", charactersOf(event.input) + charactersOf(event.items));
}

function itemsIn(input: Json, names: readonly string[]): Json[] {
  let value: Json | undefined = input;
  for (const name of names) value = isJsonObject(value) ? value[name] : undefined;
  return Array.isArray(value) ? value : [];
}

function newFanOut(kind: FanOut["kind"], id: number, input: Json, maxConcurrency: number): FanOut {
  return {
    kind,
    id,
    total: 0,
    next: 0,
    open: {},
    openCount: 0,
    succeeded: 0,
    maxConcurrency,
    results: [],
    input,
    items: [],
  };
}

export function resize(fanOut: FanOut, total: number): void {
  fanOut.total = total;
  fanOut.results = new Array<Json>(total).fill(null);
}

export function startChild(state: RunState, scope: Scope, index: number, seq: number): void {
  const fanOut = openFanOut(scope);
  openChild(fanOut, index);
  const id = childId(fanOut, index);
  const phase = { at: "start" } as const;
  state.scopes[id] = { id, parent: scope.id, index, variables: {}, last: seq, phase, held: nothingHeld() };
}

export function openChild(fanOut: FanOut, index: number): void {
  fanOut.open[index] = true;
  fanOut.openCount++;
  fanOut.next = Math.max(fanOut.next, index + 1);
}

/** A branch has no event of its own to say that it succeeded: the exit of its last state says it. */
export function endBranch(state: RunState, parent: Scope, child: Scope): void {
  const fanOut = fanOutOf(parent.phase);
  if (fanOut?.kind !== "parallel") return;
  parent.last = child.last;
  endChild(state, parent, fanOut, child);
  if (fanOut.succeeded === fanOut.total) collectResults(parent);
}

export function endIteration(state: RunState, scope: Scope, index: number): void {
  const fanOut = openFanOut(scope);
  const child = state.scopes[childId(fanOut, index)];
  if (child !== undefined) endChild(state, scope, fanOut, child);
}

function endChild(state: RunState, parent: Scope, fanOut: FanOut, child: Scope): void {
  if (child.phase.at !== "ended") return;
  fanOut.results[child.index] = child.phase.output;
  fanOut.succeeded++;
  fanOut.openCount--;
  delete fanOut.open[child.index];
  hold(state, parent, "work", parent.held.work + child.held.value);
  forget(state, child);
}

export function collectResults(scope: Scope): void {
  const fanOut = openFanOut(scope);
  scope.phase = { at: "result", visit: currentVisit(scope), result: resultOf(fanOut), fanOut };
}

function resultOf({ mapRun, results }: FanOut): Json {
  if (mapRun === undefined || mapRun.failed === 0) return mapRun?.written ?? results;
  return mapRun.written ?? results.filter((_, index) => mapRun.failures[index] === undefined);
}

/** Forgets the children of the state a scope is leaving or running again. */
export function dropChildren(state: RunState, scope: Scope): void {
  const fanOut = fanOutOf(scope.phase);
  if (fanOut === null || fanOut.kind === "mapRun") return;
  for (const index of Object.keys(fanOut.open)) {
    const child = state.scopes[childId(fanOut, index)];
    if (child === undefined) continue;
    if (child.phase.at === "task") delete state.tasks[child.phase.task];
    dropChildren(state, child);
    forget(state, child);
  }
}

function forget(state: RunState, scope: Scope): void {
  release(state, scope);
  delete state.scopes[scope.id];
}

export function childId(fanOut: Pick<FanOut, "id">, index: number | string): string {
  return `${fanOut.id}.${index}`;
}

/** The children of the state a scope is in; an event that speaks of them belongs to no other phase. */
export function openFanOut(scope: Scope): FanOut {
  const fanOut = fanOutOf(scope.phase);
  if (fanOut === null) throw new Error(`scope ${scope.id} has no children`);
  return fanOut;
}
