import type { Machine } from "../definition/machine.ts";
import type { Chance } from "../expression/scope.ts";
import type { Refusal, RunCommand } from "./command.ts";
import type { Effect } from "./effects.ts";
import type { RunEvent } from "./event.ts";
import type { RunState } from "./state.ts";

export type Decision =
  | { readonly refused: null; readonly state: RunState; readonly events: RunEvent[]; readonly effects: Effect[] }
  | { readonly refused: Refusal; readonly state: RunState; readonly events: []; readonly effects: [] };

/**
 * Handles one command until nothing more can happen without the outside. The state is advanced in place (and handed
 * back: a rewind puts another in its stead): a caller that cannot persist the events must drop it and replay.
 */
export declare function decide(
  machine: Machine,
  state: RunState,
  command: RunCommand,
  chance: Chance,
): Promise<Decision>;
