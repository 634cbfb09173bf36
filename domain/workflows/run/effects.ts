import type { Json } from "../../kernel/json.ts";
import type { MapRunSettings } from "./event.ts";
import { isReady } from "./readiness.ts";
import {
  type FanOut,
  isEnded,
  type MapRun,
  type OpenTask,
  type ResultFile,
  type RunState,
  type Scope,
  visitOf,
} from "./state.ts";

/** What the outside must do for a run. Keys are unique in the run and survive a crash, so a repeated effect is harmless. */
export type Effect =
  | TaskEffect
  | { readonly kind: "cancelTask"; readonly key: string; readonly resource: string; readonly reviewId?: string }
  | { readonly kind: "readItems"; readonly key: string; readonly state: string; readonly settings: MapRunSettings }
  | StartChildrenEffect
  | { readonly kind: "cancelChildren"; readonly key: string }
  | WriteResultFileEffect
  | {
      readonly kind: "writeResults";
      readonly key: string;
      readonly state: string;
      readonly results: readonly Json[];
      readonly settings: MapRunSettings;
    }
  /** The step budget is spent: send Continue soon. */
  | { readonly kind: "continue" };

export interface TaskEffect {
  readonly kind: "task";
  readonly key: string;
  readonly state: string;
  readonly resource: string;
  readonly input: Json;
  readonly credentials?: Json;
  /** Callback tasks and activities. */
  readonly token?: string;
  readonly reviewId?: string;
  readonly timeoutAt?: number;
  readonly heartbeatAt?: number;
}

/** Each child runs the machine of childMachine() on childInput(); its own key is `<key>/<index>`. */
export interface StartChildrenEffect {
  readonly kind: "startChildren";
  readonly key: string;
  readonly state: string;
  readonly settings: MapRunSettings;
  readonly indexes: readonly number[];
}

/** `number` is that of the file: how many were written before it. */
export interface WriteResultFileEffect {
  readonly kind: "writeResultFile";
  readonly key: string;
  readonly state: string;
  readonly settings: MapRunSettings;
  readonly number: number;
  readonly file: ResultFile;
}

/** Everything that must be under way in this state: what an actor restarts after a crash. */
export function pendingEffects(state: RunState): Effect[] {
  if (isEnded(state)) return [];
  const effects: Effect[] = Object.values(state.tasks).map(taskEffect);
  let isUnfinished = false;
  for (const scope of Object.values(state.scopes)) {
    const fanOut = scope.phase.at === "fanOut" ? scope.phase.fanOut : null;
    if (fanOut?.kind === "mapRun") effects.push(...mapRunEffects(state, scope, fanOut, 0));
    isUnfinished ||= isReady(state, scope);
  }
  if (isUnfinished) effects.push({ kind: "continue" });
  return effects;
}

/** When the alarm must ring next: waits, retries, timeouts, heartbeats, the machine's own. Null when never. */
export function nextTimerAt(state: RunState): number | null {
  const first = state.timers[0]?.at ?? null;
  if (state.deadline === undefined) return first;
  return first === null ? state.deadline : Math.min(first, state.deadline);
}

export function taskEffect(task: OpenTask): TaskEffect {
  const { key, state, resource, input, credentials, token, reviewId, timeoutAt, heartbeatAt } = task;
  return {
    kind: "task",
    key,
    state,
    resource,
    input,
    ...(credentials !== undefined && { credentials }),
    ...(token !== undefined && { token }),
    ...(reviewId !== undefined && { reviewId }),
    ...(timeoutAt !== undefined && { timeoutAt }),
    ...(heartbeatAt !== undefined && { heartbeatAt }),
  };
}

/** What a map run needs in its stage; of the open children only those from index `from` on. */
export function mapRunEffects(state: RunState, scope: Scope, fanOut: FanOut, from: number): Effect[] {
  const { mapRun } = fanOut;
  const name = visitOf(scope.phase)?.state;
  if (mapRun === undefined || name === undefined) return [];
  const { settings } = mapRun;
  const common = { key: mapRunKey(state, scope, fanOut), state: name, settings };
  switch (mapRun.stage) {
    case "reading":
      return [{ kind: "readItems", ...common }];
    case "running": {
      const indexes = openIndexes(fanOut, from);
      const files = nextFile(mapRun, common);
      return indexes.length === 0 ? files : [...files, { kind: "startChildren", ...common, indexes }];
    }
    case "writing": {
      const files = nextFile(mapRun, common);
      return files.length > 0 ? files : [{ kind: "writeResults", ...common, results: fanOut.results }];
    }
    case "done":
      return [];
    default:
      return mapRun.stage satisfies never;
  }
}

/** One at a time: what it holds is in memory while it is written. */
function nextFile(
  { resultFiles }: MapRun,
  common: Pick<WriteResultFileEffect, "key" | "state" | "settings">,
): WriteResultFileEffect[] {
  const file = resultFiles?.full[0];
  if (resultFiles === undefined || file === undefined) return [];
  return [{ kind: "writeResultFile", ...common, number: resultFiles.written.length, file }];
}

/** Children open one after the other, so the newest stand in a row; only a restart must look through all. */
function openIndexes(fanOut: FanOut, from: number): number[] {
  if (from === 0) return Object.keys(fanOut.open).map(Number);
  return Array.from({ length: fanOut.next - from }, (_, i) => from + i);
}

export function mapRunKey(state: RunState, scope: Scope, fanOut: FanOut): string {
  const attempt = fanOut.mapRun?.attempt ?? 0;
  return `${scope.id}/${visitOf(scope.phase)?.state}/${fanOut.id}.${attempt}~${state.lineage}`;
}
