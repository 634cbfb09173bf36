import type { RunEvent } from "../../../domain/workflows/run/event.ts";
import type { RunState } from "../../../domain/workflows/run/state.ts";

export interface Played {
  readonly state: RunState;
  readonly events: RunEvent[];
}
