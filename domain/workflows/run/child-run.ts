import type { Json } from "../../kernel/json.ts";
import type { Machine, MapState, State, StateScope } from "../definition/machine.ts";
import { StateError } from "../expression/error.ts";
import type { Chance } from "../expression/scope.ts";
import { childRunInput } from "./distributed-map.ts";
import type { Failure } from "./event.ts";
import { causeOf } from "./failure.ts";
import { currentVisit, fanOutOf, type RunState } from "./state.ts";
import { newTurn } from "./turn.ts";

/** The machine that the children of a distributed Map run; null where the definition has no such state. */
export function childMachine(machine: Machine, mapState: string): Machine | null {
  const map = findMap(machine, mapState);
  if (map === null) return null;
  const { startAt, states } = map.itemProcessor;
  return { startAt, states, comment: null, queryLanguage: machine.queryLanguage, timeoutSeconds: null };
}

/** State names are unique in a whole definition. */
function findMap(scope: StateScope, name: string): MapState | null {
  const found = scope.states.get(name);
  if (found?.type === "Map") return found;
  for (const state of scope.states.values()) {
    for (const inner of innerScopes(state)) {
      const map = findMap(inner, name);
      if (map !== null) return map;
    }
  }
  return null;
}

export function innerScopes(state: State): readonly StateScope[] {
  if (state.type === "Map") return [state.itemProcessor];
  return state.type === "Parallel" ? state.branches : [];
}

/** Whether the map run still waits for the end of this child. */
export function awaitsChild(state: RunState, key: string, index: number): boolean {
  const scope = state.scopes[key.slice(0, key.indexOf("/"))];
  return scope !== undefined && fanOutOf(scope.phase)?.open[index] === true;
}

/** What a child begins with, or why it cannot: then report it failed with this. `key` is that of its effect. */
export async function childInput(
  machine: Machine,
  state: RunState,
  key: string,
  index: number,
  chance: Chance,
): Promise<{ readonly input: Json } | { readonly failure: Failure } | null> {
  const scope = state.scopes[key.slice(0, key.indexOf("/"))];
  const fanOut = scope === undefined ? null : fanOutOf(scope.phase);
  if (scope === undefined || fanOut?.mapRun === undefined) return null;
  const turn = newTurn(machine, state, chance, 0);
  try {
    return { input: await childRunInput(turn, scope, currentVisit(scope), fanOut, index) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { failure: { error: error.error, cause: causeOf(error, currentVisit(scope)) } };
  }
}
