import { Cron } from "croner";
import type { Miniflare } from "miniflare";

/**
 * Fires the Worker's cron triggers on their schedule, as the network does, and once at the start, for what was due meanwhile; a run
 * that is still going is not doubled. Asked over HTTP: Miniflare's proxy of a Worker blocks this process until it is answered, and a runtime whose log this process does not
 * read meanwhile answers nobody any more.
 */
export function startCrons(
  runtime: Miniflare,
  expressions: readonly string[],
  failed: (error: unknown) => void,
): () => void {
  const jobs = expressions.map((cron) => {
    return new Cron(cron, { timezone: "Etc/UTC", protect: true, unref: true, catch: failed }, async () => {
      const query = new URLSearchParams({ cron, time: String(Date.now()) });
      const response = await runtime.dispatchFetch(`http://localhost/cdn-cgi/local/scheduled?${query}`);
      const outcome = await response.text();
      if (!response.ok) throw new Error(`The schedule ${cron} ended with ${outcome}`);
    });
  });
  for (const job of jobs) void job.trigger();
  return () => {
    for (const job of jobs) job.stop();
  };
}
