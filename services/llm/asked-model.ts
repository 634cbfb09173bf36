import type { BudgetHold } from "./budget-hold.ts";
import type { Route } from "./load-route.ts";
import type { CallFacts, CallOptions } from "./record-model-call.ts";

/** What the targets of a route are asked for. */
export interface AskedModel {
  kind: "chat" | "embedding";
  route: Route;
  isStreamed: boolean;
  /** When the caller began to wait: from then on the route's `timeoutMs` counts. */
  startedAt: number;
  options: CallOptions;
  hold: BudgetHold | null;
  /** For the bill of a caller that left while the model was at work. */
  promptTokens(): number;
}

/** Who answered, as the bill wants to know it. */
export type Answered = Pick<
  CallFacts,
  "kind" | "target" | "route" | "routeVersion" | "experiment" | "hold" | "options" | "isStreamed" | "startedAt"
>;
