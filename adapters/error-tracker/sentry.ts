import { Toucan } from "toucan-js";
import type { ErrorTracker } from "../../services/ports.ts";
import { masked } from "../log.ts";

export interface SentryOptions {
  dsn: string;
  environment: string;
  release: string;
  /** Keeps the report going after the answer has left. */
  waitUntil(work: Promise<unknown>): void;
  fetcher?: typeof fetch;
}

/** Sends defects to a Sentry-compatible address, masked as the log is. Nothing of the request's body or headers goes along. */
export function sentryErrorTracker({ waitUntil, fetcher, ...options }: SentryOptions): ErrorTracker {
  return {
    capture(error, context) {
      // A reporter of its own for each defect: what is said of one is not said of the next.
      const sentry = new Toucan({
        ...options,
        context: { waitUntil } as ExecutionContext,
        beforeSend(event) {
          for (const exception of event.exception?.values ?? []) exception.value = masked(exception.value ?? "");
          return event;
        },
        ...(fetcher !== undefined && { transportOptions: { fetcher } }),
      });
      sentry.setExtras({ ...context });
      sentry.captureException(error);
    },
  };
}
