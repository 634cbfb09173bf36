import type { Problem } from "../../domain/kernel/problem.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import type { Refusal } from "../../domain/workflows/run/command.ts";

/** What a client is told when a run refuses its command. */
export function refusal(reason: Refusal): Problem {
  switch (reason) {
    case "unknown-review":
      return problem("review-decided", { detail: "The review is decided already, or the run no longer waits for it." });
    case "unknown-task":
      return notFound("task token");
    case "unknown-map-run":
      return notFound("map run under way");
    case "no-such-event":
      return problem("run-status", { detail: "The run has no such event or state to rewind to.", members: { reason } });
    default:
      return problem("run-status", { detail: DETAILS[reason], members: { reason } });
  }
}

const DETAILS: Record<
  Exclude<Refusal, "unknown-review" | "unknown-task" | "unknown-map-run" | "no-such-event">,
  string
> = {
  "already-started": "The run has started already.",
  "not-started": "The run has not started.",
  "already-ended": "The run has ended.",
  "not-ended": "The run has not ended yet.",
  "already-paused": "The run is paused already.",
  "not-paused": "The run is not paused.",
  "history-full": "The run's history has reached its limit of events.",
  "not-redrivable": "A run that succeeded cannot be redriven.",
};
