import type { Machine } from "../definition/machine.ts";
import type { Chance } from "../expression/scope.ts";
import { cancelEverything } from "./abort.ts";
import { drain } from "./advance.ts";
import type { Refusal, RunCommand } from "./command.ts";
import type { Effect } from "./effects.ts";
import type { RunEvent } from "./event.ts";
import { perform } from "./perform.ts";
import type { RunState } from "./state.ts";
import { emit, HistoryFull, isSpent, newTurn, rootScope, type Turn } from "./turn.ts";

// Decides what a run does next.
//   D1  decide() is total: every (state, command) yields events or a refusal; what a definition or an input can
//       cause is an event, never an exception.
//   D2  The events, applied through evolve(), lead exactly to the state that is handed back.
//   D3  It ends: after MAX_STATES entered states, expressions that cost too much, or events too large to be written at
//       once, it asks for another turn.

export type Decision =
  | { readonly refused: null; readonly state: RunState; readonly events: RunEvent[]; readonly effects: Effect[] }
  | { readonly refused: Refusal; readonly state: RunState; readonly events: []; readonly effects: [] };

/** States one decision may enter: some tens of milliseconds of work. */
const MAX_STATES = 5_000;

/**
 * Handles one command until nothing more can happen without the outside. The state is advanced in place (and handed
 * back: a rewind puts another in its stead): a caller that cannot persist the events must drop it and replay.
 */
export async function decide(
  machine: Machine,
  state: RunState,
  command: RunCommand,
  chance: Chance,
  maxStates = MAX_STATES,
): Promise<Decision> {
  const turn = newTurn(machine, state, chance, maxStates);
  try {
    const refused = await perform(turn, command);
    if (refused !== null) return { refused, state, events: [], effects: [] };
    await drain(turn);
    if (isSpent(turn) && turn.state.status === "running") turn.effects.push({ kind: "continue" });
  } catch (error) {
    if (!(error instanceof HistoryFull)) throw error;
    endFullHistory(turn);
  }
  return { refused: null, state: turn.state, events: turn.events, effects: settledEffects(turn) };
}

/** AWS: an execution whose history is full fails, and nothing catches that. */
function endFullHistory(turn: Turn): void {
  cancelEverything(turn);
  const cause = `The execution reached the maximum number of history events (${turn.state.limits.maxEvents}).`;
  emit(turn, rootScope(turn.state), { type: "ExecutionFailed", error: "States.Runtime", cause });
}

/** What was started and called off within the decision never reaches the outside. */
function settledEffects(turn: Turn): Effect[] {
  const cancelled = new Set<string>();
  for (const effect of turn.effects) {
    if (effect.kind === "cancelTask" || effect.kind === "cancelChildren") cancelled.add(effect.key);
  }
  if (cancelled.size === 0) return turn.effects;
  const started = new Set<string>();
  for (const effect of turn.effects) {
    if (effect.kind === "task" && cancelled.has(effect.key)) started.add(effect.key);
  }
  return turn.effects.filter((effect) => {
    if (effect.kind === "cancelTask") return !started.has(effect.key);
    return effect.kind === "cancelChildren" || effect.kind === "continue" || !cancelled.has(effect.key);
  });
}
