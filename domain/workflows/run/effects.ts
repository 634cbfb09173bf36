import type { Json } from "../../kernel/json.ts";
import type { MapRunSettings } from "./event.ts";
import type { RunState } from "./state.ts";

/** What the outside must do for a run. Keys are unique in the run and survive a crash, so a repeated effect is harmless. */
export type Effect =
  | TaskEffect
  | { readonly kind: "cancelTask"; readonly key: string; readonly resource: string; readonly reviewId?: string }
  | { readonly kind: "readItems"; readonly key: string; readonly state: string; readonly settings: MapRunSettings }
  /** Start these children of a map run; each runs the machine of childMachine(). */
  | {
      readonly kind: "startChildren";
      readonly key: string;
      readonly state: string;
      readonly scope: string;
      readonly children: readonly { readonly index: number; readonly input: Json }[];
    }
  | { readonly kind: "cancelChildren"; readonly key: string }
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
  /** Callback tasks. */
  readonly token?: string;
  readonly reviewId?: string;
  readonly timeoutAt?: number;
  readonly heartbeatAt?: number;
}

/** Everything that must be under way in this state: what an actor restarts after a crash. */
export declare function pendingEffects(state: RunState): Effect[];

/** When the alarm must ring next: waits, retries, timeouts, heartbeats, the machine's own. Null when never. */
export declare function nextTimerAt(state: RunState): number | null;
