import { Toucan } from "toucan-js";
import type { ErrorTracker } from "../../services/ports.ts";

/** Sends defects to a Sentry-compatible address. Nothing of the request's body or headers goes along. */
export function sentryErrorTracker(
  options: { dsn: string; environment: string; release: string },
  waitUntil: (work: Promise<unknown>) => void,
): ErrorTracker {
  const sentry = new Toucan({ ...options, context: { waitUntil } as ExecutionContext });
  return {
    capture(error, context) {
      sentry.setExtras({ ...context });
      sentry.captureException(error);
    },
  };
}
