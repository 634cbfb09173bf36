import { sweepAuditLogs } from "../../services/audit/sweep-audit-logs.ts";
import type { PlatformContext } from "../../services/context.ts";
import { eraseAccounts } from "../../services/identity/erase-accounts.ts";
import { pruneIdentity } from "../../services/identity/prune-identity.ts";
import { pruneIdempotencyKeys } from "../../services/jobs/idempotency.ts";
import { pruneTasks, ringDueTasks } from "../../services/jobs/stored-tasks.ts";
import { judgeExperiments } from "../../services/llm/judge-experiments.ts";
import { askForErasures } from "../../services/tenant-data/erase-tenant.ts";
import { archiveRuns } from "../../services/workflows/archive-runs.ts";
import { wakeOverdueSchedules } from "../../services/workflows/wake-overdue-schedules.ts";
import { wakeStalledRuns } from "../../services/workflows/wake-stalled-runs.ts";

type Verb = (platform: PlatformContext) => Promise<unknown>;

/** Cron expression -> verbs. Each is harmless to repeat, and one that fails does not keep the others from running. */
const VERBS: Record<string, readonly Verb[]> = {
  "* * * * *": [
    ringDueTasks,
    wakeStalledRuns,
    wakeOverdueSchedules,
    archiveRuns,
    sweepAuditLogs,
    judgeExperiments,
    pruneIdempotencyKeys,
    pruneTasks,
    pruneIdentity,
    askForErasures,
    eraseAccounts,
  ],
};

export async function tick(platform: PlatformContext, cron: string): Promise<void> {
  const outcomes = await Promise.allSettled((VERBS[cron] ?? []).map((verb) => verb(platform)));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") platform.log.error("schedule.failed", outcome.reason, { cron });
  }
}
