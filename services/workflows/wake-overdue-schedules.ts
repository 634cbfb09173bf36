import { and, eq, lt } from "drizzle-orm";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { schedules } from "./table.ts";

// A schedule rings its own alarm; this finds the ones whose alarm or first wake-up was lost.
const OVERDUE_MS = MINUTE_MS / 2;
const LIMIT = 200;

export async function wakeOverdueSchedules(platform: PlatformContext): Promise<void> {
  // across tenants: the clock serves all of them.
  const overdue = await platform.db
    .select({ id: schedules.id, tenantId: schedules.tenantId })
    .from(schedules)
    .where(and(eq(schedules.enabled, true), lt(schedules.nextAt, platform.clock.now() - OVERDUE_MS)))
    .orderBy(schedules.nextAt)
    .limit(LIMIT);
  await Promise.all(overdue.map(({ id, tenantId }) => platform.ports.scheduleActors.of(tenantId, id).wake()));
}
