import type { MapRunChange, MapRunSettings, RunEvent } from "./run/event.ts";
import { hasResultStore } from "./run/result-files.ts";

/** One distributed Map of a run, as its history tells it. Times in milliseconds. */
export interface MapRunView {
  /** As in the event that started it. */
  name: string;
  state: string;
  status: "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED";
  startedAt: number;
  stoppedAt: number | null;
  maxConcurrency: number;
  settings: MapRunSettings;
  children: MapRunCounts;
  /** The same as `children` where there are no batches. */
  items: MapRunCounts;
}

export interface MapRunCounts {
  total: number;
  succeeded: number;
  failed: number;
  /** In the files of a ResultWriter. */
  written: number;
}

interface Open {
  view: MapRunView;
  /** Index of each batch's first item. */
  batches: readonly number[] | null;
}

type Started = Extract<RunEvent, { type: "MapStateStarted" }>;

const ENDS = { MapRunSucceeded: "SUCCEEDED", MapRunFailed: "FAILED", MapRunAborted: "ABORTED" } as const;

const EXECUTION_ENDS: ReadonlySet<string> = new Set(["ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"]);

/** The map runs of a history, in the order in which they began. */
export function mapRunsOf(events: Iterable<RunEvent>): MapRunView[] {
  const views: MapRunView[] = [];
  const states = new Map<string, Started>();
  const open = new Map<string, Open>();
  for (const event of events) {
    if (event.type === "ExecutionRedriven") for (const { view } of open.values()) reopen(view);
    if (EXECUTION_ENDS.has(event.type)) for (const { view } of open.values()) giveUp(view, event.at);
    if (!("state" in event)) continue;
    const place = `${event.scope}/${event.state}`;
    if (event.type === "MapStateStarted") states.set(place, event);
    if (event.type === "MapRunStarted") {
      const state = states.get(place);
      const begun = opened(event, state);
      open.set(place, begun);
      views.push(begun.view);
      if (event.settings.reader === undefined) count(begun, state?.length ?? 0, event.batches);
    }
    const current = open.get(place);
    if (current === undefined) continue;
    if (event.type === "MapStateExited") open.delete(place);
    if (event.type === "RunMapRunUpdated") update(current.view, event.change);
    if (event.type === "RunItemsRead") count(current, event.items.length, event.batches);
    if (event.type === "RunChildrenFinished")
      for (const child of event.children) add(current, child.status, child.index);
    if (event.type === "RunResultFileWritten") for (const index of event.children) add(current, "written", index);
    if (event.type === "RunResultsWritten") writeAll(current.view);
    if (event.type === "MapRunSucceeded" || event.type === "MapRunFailed" || event.type === "MapRunAborted") {
      current.view.status = ENDS[event.type];
      current.view.stoppedAt = event.at;
    }
  }
  return views;
}

/** A run that fails or times out ends its map runs without a word. */
function giveUp(view: MapRunView, at: number): void {
  if (view.status !== "RUNNING") return;
  view.status = "ABORTED";
  view.stoppedAt = at;
}

/** A redrive runs again what did not succeed. */
function reopen(view: MapRunView): void {
  if (view.status === "SUCCEEDED") return;
  view.status = "RUNNING";
  view.stoppedAt = null;
  view.children.failed = 0;
  view.items.failed = 0;
}

function update(view: MapRunView, { maxConcurrency, ...tolerance }: MapRunChange): void {
  if (maxConcurrency !== undefined) view.maxConcurrency = maxConcurrency;
  view.settings = { ...view.settings, ...tolerance };
}

function opened(event: Extract<RunEvent, { type: "MapRunStarted" }>, state: Started | undefined): Open {
  const { mapRun: name, state: stateName, at: startedAt, settings } = event;
  const view: MapRunView = {
    name,
    state: stateName,
    status: "RUNNING",
    startedAt,
    stoppedAt: null,
    maxConcurrency: state?.maxConcurrency ?? 0,
    settings,
    children: { total: 0, succeeded: 0, failed: 0, written: 0 },
    items: { total: 0, succeeded: 0, failed: 0, written: 0 },
  };
  return { view, batches: null };
}

function count(open: Open, items: number, batches: readonly number[] | undefined): void {
  open.batches = batches ?? null;
  open.view.items.total = items;
  open.view.children.total = batches?.length ?? items;
}

function add({ view, batches }: Open, what: Exclude<keyof MapRunCounts, "total">, index: number): void {
  view.children[what]++;
  view.items[what] += batches === null ? 1 : (batches[index + 1] ?? view.items.total) - (batches[index] ?? 0);
}

/** The manifest is there, and with it the files of those that failed. */
function writeAll({ settings, children, items }: MapRunView): void {
  if (!hasResultStore(settings)) return;
  for (const counts of [children, items]) counts.written = counts.succeeded + counts.failed;
}
