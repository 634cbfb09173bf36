import type { RunEvent } from "./event.ts";
import type { RunState } from "./state.ts";

/** The state before any event. */
export declare function initialState(): RunState;

/** Applies one event. Changes `state` in place and returns it; the caller owns it. */
export declare function evolve(state: RunState, event: RunEvent): RunState;

/** The state after a journal; `events` go on where `snapshot` ends. Parts undone by RunRewound are skipped, not applied. */
export declare function replay(events: readonly RunEvent[], snapshot?: RunState): RunState;

/** The state after `toSeq` for the command Rewind; `events` is the whole journal. */
export declare function rewindState(events: readonly RunEvent[], toSeq: number): RunState | null;
