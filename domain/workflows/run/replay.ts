import type { RunEvent } from "./event.ts";
import { evolve } from "./evolve.ts";
import { initialState, type RunState } from "./state.ts";

// The journal is never shortened: a rewind is an event that makes the ones between its target and itself count no
// more. Replaying therefore first looks, from the end, which events still count, and applies only those.

/**
 * The state after a journal. `events` go on where `snapshot` ends, and `snapshot` is taken over. A snapshot older than
 * a rewind that reaches behind it cannot be used: take a new one together with every RunRewound.
 */
export function replay(events: readonly RunEvent[], snapshot?: RunState): RunState {
  const first = (snapshot?.seq ?? 0) + 1;
  let state = snapshot ?? initialState();
  for (const event of countingEvents(events, first)) state = evolve(state, event);
  return state;
}

/** The state for the command Rewind to `toSeq`, from the whole journal; null where there is no such event. */
export function rewindState(events: readonly RunEvent[], toSeq: number): RunState | null {
  const seq = restoredSeq(events, toSeq);
  return seq === null ? null : replay(events.slice(0, seq));
}

/** An event that enters a state is a place to begin the state anew: the run is restored to just before it. */
export function restoredSeq(events: readonly RunEvent[], toSeq: number): number | null {
  const target = events[toSeq - 1];
  if (target === undefined || target.seq !== toSeq) return null;
  return target.type.endsWith("StateEntered") ? toSeq - 1 : toSeq;
}

/** The events that no later rewind undid, in order. */
export function countingEvents(events: readonly RunEvent[], firstSeq = 1): RunEvent[] {
  const counting: RunEvent[] = [];
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i] as RunEvent;
    if (event.seq < firstSeq) break;
    counting.push(event);
    if (event.type !== "RunRewound") continue;
    if (event.restoredSeq < firstSeq - 1) throw new Error("the snapshot is older than a rewind behind it");
    i = event.restoredSeq - (events[0] as RunEvent).seq + 1;
  }
  return counting.reverse();
}
