import { and, eq, inArray, isNotNull, lte, sql } from "drizzle-orm";
import { HOUR_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { recentlyUpdatedTenants, runRetentionMs } from "../tenants/run-retention.ts";
import { runs } from "./table.ts";

// Moves ended runs into the archive when their tenant's retention is over. Each call does a bounded part of what is due.

const LIMIT = 200;
/** Each move writes a file; an invocation has six connections. */
const CONCURRENCY = 6;
const TENANTS = 100;
/** A run that cannot leave yet, because somebody has not heard of its end, is asked again. */
const ASK_AGAIN_MS = HOUR_MS;

export async function archiveRuns(platform: PlatformContext): Promise<number> {
  await planAnew(platform);
  const now = platform.clock.now();
  // across tenants: the clock serves all of them.
  const due = await platform.db
    .select({ id: runs.id, tenantId: runs.tenantId })
    .from(runs)
    .where(lte(runs.archiveAt, now))
    .orderBy(runs.archiveAt)
    .limit(LIMIT);
  const queue = due.values();
  const lane = async () => {
    for (const { tenantId, id } of queue) await archive(platform, tenantId, id);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, due.length) }, lane));
  return due.length;
}

async function archive(platform: PlatformContext, tenantId: string, id: string): Promise<void> {
  const now = platform.clock.now();
  const isMoved = await platform.ports.runActors
    .of(tenantId, id)
    .archive()
    .catch((error: unknown) => {
      platform.log.error("run.not-archived", error, { runId: id });
      return false;
    });
  await platform.db
    .update(runs)
    .set(isMoved ? { archiveAt: null, archivedAt: now } : { archiveAt: now + ASK_AGAIN_MS })
    // A run that was rewound meanwhile has no time to leave any more.
    .where(and(eq(runs.tenantId, tenantId), eq(runs.id, id), isNotNull(runs.archiveAt)));
}

/** A tenant that changes its retention changes it for runs that have ended already, too. */
async function planAnew(platform: PlatformContext): Promise<void> {
  const tenantIds = await recentlyUpdatedTenants(platform, TENANTS);
  if (tenantIds.length === 0) return;
  const planned = sql<number>`${runs.stoppedAt} + ${runRetentionMs(runs.tenantId)}`;
  // across tenants: the clock serves all of them.
  await platform.db
    .update(runs)
    .set({ archiveAt: planned })
    .where(and(inArray(runs.tenantId, tenantIds), isNotNull(runs.archiveAt), sql`${runs.archiveAt} <> ${planned}`));
}
