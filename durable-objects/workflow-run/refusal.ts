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
      return noPlaceToRewindTo("toSeq");
    default:
      return problem("run-status", { detail: DETAILS[reason], members: { reason } });
  }
}

export function noPlaceToRewindTo(member: "toSeq" | "toState"): Problem {
  const detail = member === "toSeq" ? "is no event to rewind to" : "is no state that the run has entered";
  return problem("validation-failed", { errors: [{ pointer: `/${member}`, detail }] });
}

const DETAILS: Record<
  Exclude<Refusal, "unknown-review" | "unknown-task" | "unknown-map-run" | "no-such-event">,
  string
> = {
  "already-started": "The run has started already.",
  "not-started": "The run has not started.",
  "already-ended": "The run has ended.",
  "not-ended": "The run has not ended yet.",
  "history-full": "The run's history has reached its limit of events.",
  "not-redrivable": "A run that succeeded, or whose workflow is EXPRESS, cannot be redriven.",
};
