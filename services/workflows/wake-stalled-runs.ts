import { and, eq, inArray, lt } from "drizzle-orm";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { runs } from "./table.ts";

// A run rings its own alarm; this finds the ones whose alarm was lost (the platform gives up after six failures).
const QUIET_MS = 10 * MINUTE_MS;
const LIMIT = 200;

/** Touches unfinished runs that the read model has not heard of for a while: a run that is touched takes up what is due. */
export async function wakeStalledRuns(platform: PlatformContext): Promise<void> {
  const now = platform.clock.now();
  const quiet = and(eq(runs.status, "running"), lt(runs.projectedAt, now - QUIET_MS));
  // across tenants: the clock serves all of them.
  const candidates = platform.db.select({ id: runs.id }).from(runs).where(quiet).limit(LIMIT);
  // across tenants: the clock serves all of them.
  const stalled = await platform.db
    .update(runs)
    .set({ projectedAt: now })
    .where(inArray(runs.id, candidates))
    .returning({ id: runs.id, tenantId: runs.tenantId });
  await Promise.all(stalled.map(({ tenantId, id }) => platform.ports.runActors.of(tenantId, id).get()));
}
