import { Toucan } from "toucan-js";
import type { ErrorTracker } from "../../services/ports.ts";

export interface SentryOptions {
  dsn: string;
  environment: string;
  release: string;
  /** Keeps the report going after the answer has left. */
  waitUntil(work: Promise<unknown>): void;
  fetcher?: typeof fetch;
}

/** Sends defects to a Sentry-compatible address. Nothing of the request's body or headers goes along. */
export function sentryErrorTracker({ waitUntil, fetcher, ...options }: SentryOptions): ErrorTracker {
  return {
    capture(error, context) {
      // A reporter of its own for each defect: what is said of one is not said of the next.
      const sentry = new Toucan({
        ...options,
        context: { waitUntil } as ExecutionContext,
        ...(fetcher !== undefined && { transportOptions: { fetcher } }),
      });
      sentry.setExtras({ ...context });
      sentry.captureException(error);
    },
  };
}
