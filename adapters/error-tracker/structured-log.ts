import type { Log } from "../../services/context.ts";
import type { ErrorTracker } from "../../services/ports.ts";

/** The stand-in without a tracker: the defect stands in the log alone, which its reporter has already written. */
export function structuredLogErrorTracker(log: Log): ErrorTracker {
  return {
    capture(_error, context) {
      log.warn("error-tracker.absent", context);
    },
  };
}
