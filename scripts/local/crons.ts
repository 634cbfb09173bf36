import { Cron } from "croner";
import type { Miniflare } from "miniflare";

/** Fires the Worker's cron triggers on their schedule, as the network does; a run that is still going is not doubled. */
export function startCrons(
  runtime: Miniflare,
  expressions: readonly string[],
  failed: (error: unknown) => void,
): () => void {
  const jobs = expressions.map((cron) => {
    return new Cron(cron, { timezone: "Etc/UTC", protect: true, unref: true, catch: failed }, async () => {
      const worker = await runtime.getWorker();
      const { outcome } = await worker.scheduled({ cron, scheduledTime: new Date() });
      if (outcome !== "ok") throw new Error(`The schedule ${cron} ended with ${outcome}`);
    });
  });
  return () => {
    for (const job of jobs) job.stop();
  };
}
