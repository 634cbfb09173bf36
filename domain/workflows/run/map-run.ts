import type { Json } from "../../kernel/json.ts";
import { mapRunKey } from "./effects.ts";
import type { ChildOutcome, Failure, MapRunChange, MapRunStarted, WrittenFile } from "./event.ts";
import { openChild, openFanOut, resize } from "./fan-out.ts";
import { hold } from "./holding.ts";
import { charactersOf } from "./payload.ts";
import { addToFile, closeFile, hasResultStore, isHeldBack, noResultFiles, takeWrittenFile } from "./result-files.ts";
import type { FanOut, MapRun, RunState, Scope } from "./state.ts";

// What events do to a distributed Map. Its children are runs of their own; which of them are under way follows from
// the outcomes and the limit, so their starts need no events.

/** AWS: 10,000 children of one map run at once, where MaxConcurrency sets no lower limit. */
const MAX_OPEN_CHILDREN = 10_000;

export function startMapRun(state: RunState, scope: Scope, event: MapRunStarted): void {
  const fanOut = openFanOut(scope);
  fanOut.mapRun = {
    arn: event.mapRun,
    settings: event.settings,
    stage: "reading",
    batches: null,
    failures: {},
    failed: 0,
    attempt: 0,
    ...(hasResultStore(event.settings) && { resultFiles: noResultFiles() }),
  };
  if (event.settings.reader === undefined) takeItems(state, scope, fanOut.items, event.batches);
}

export function takeItems(state: RunState, scope: Scope, items: Json[], batches?: readonly number[]): void {
  const fanOut = openFanOut(scope);
  const mapRun = openMapRun(fanOut);
  fanOut.items = items;
  mapRun.batches = batches ?? null;
  resize(fanOut, batches?.length ?? items.length);
  mapRun.stage = "running";
  openChildren(state, fanOut);
}

export function finishChildren(state: RunState, scope: Scope, children: readonly ChildOutcome[]): void {
  const fanOut = openFanOut(scope);
  const mapRun = openMapRun(fanOut);
  const key = mapRunKey(state, scope, fanOut);
  for (const child of children) {
    if (fanOut.open[child.index] === undefined) continue;
    delete fanOut.open[child.index];
    fanOut.openCount--;
    if (child.status === "failed") {
      mapRun.failed++;
      hold(state, scope, "work", scope.held.work + charactersOfFailure(child));
      mapRun.failures[child.index] = {
        ...(child.error !== undefined && { error: child.error }),
        ...(child.cause !== undefined && { cause: child.cause }),
        ...(child.record !== undefined && { record: child.record }),
      };
      continue;
    }
    fanOut.succeeded++;
    if (mapRun.resultFiles !== undefined) addToFile(mapRun.resultFiles, key, child);
    else {
      fanOut.results[child.index] = child.output ?? null;
      hold(state, scope, "work", scope.held.work + charactersOf(child.output));
    }
  }
  openChildren(state, fanOut);
}

export function updateMapRun(state: RunState, scope: Scope, { maxConcurrency, ...tolerance }: MapRunChange): void {
  const fanOut = openFanOut(scope);
  const mapRun = openMapRun(fanOut);
  if (maxConcurrency !== undefined) fanOut.maxConcurrency = maxConcurrency;
  mapRun.settings = { ...mapRun.settings, ...tolerance };
  openChildren(state, fanOut);
}

/** Starts as many children as may run now. */
export function openChildren(state: RunState, fanOut: FanOut): void {
  const { mapRun } = fanOut;
  if (mapRun?.stage !== "running" || state.status === "paused") return;
  const limit = isHeldBack(mapRun.resultFiles)
    ? 0
    : Math.min(fanOut.maxConcurrency || MAX_OPEN_CHILDREN, MAX_OPEN_CHILDREN);
  while (fanOut.openCount < limit && fanOut.next < fanOut.total) openChild(fanOut, fanOut.next);
  if (fanOut.openCount > 0 || fanOut.next < fanOut.total) return;
  if (mapRun.resultFiles !== undefined) closeFile(mapRun.resultFiles);
  mapRun.stage = mapRun.settings.writer === undefined ? "done" : "writing";
}

export function takeResultFile(state: RunState, scope: Scope, file: WrittenFile): void {
  const fanOut = openFanOut(scope);
  const { resultFiles } = openMapRun(fanOut);
  if (resultFiles !== undefined) takeWrittenFile(resultFiles, file);
  openChildren(state, fanOut);
}

export function takeWritten(scope: Scope, output: Json): void {
  const mapRun = openMapRun(openFanOut(scope));
  mapRun.written = output;
  mapRun.stage = "done";
}

/** Failed and cancelled children run again under new keys; what was being written is written again. */
export function redriveMapRun(state: RunState, scope: Scope, fanOut: FanOut): void {
  const mapRun = openMapRun(fanOut);
  for (const failure of Object.values(mapRun.failures)) {
    hold(state, scope, "work", scope.held.work - charactersOfFailure(failure));
  }
  mapRun.attempt++;
  if (mapRun.failed > 0) mapRun.stage = "running";
  for (const index of Object.keys(mapRun.failures)) openChild(fanOut, Number(index));
  mapRun.failures = {};
  mapRun.failed = 0;
  openChildren(state, fanOut);
}

function charactersOfFailure({ error, cause }: Failure): number {
  return charactersOf(error) + charactersOf(cause);
}

export function openMapRun(fanOut: FanOut): MapRun {
  if (fanOut.mapRun === undefined) throw new Error("not a distributed Map");
  return fanOut.mapRun;
}

/** ASL: either threshold, if given, fails the run when exceeded; without any the first failure does. */
export function exceedsTolerance(fanOut: FanOut): boolean {
  const { settings, failed } = openMapRun(fanOut);
  if (failed === 0) return false;
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = settings;
  if (count === undefined && percentage === undefined) return true;
  if (count !== undefined && failed > count) return true;
  return percentage !== undefined && (100 * failed) / fanOut.total > percentage;
}
