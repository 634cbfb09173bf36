import { and, eq, isNotNull } from "drizzle-orm";
import type { PlatformContext } from "../context.ts";
import { isDeleted } from "../tenants/erasure.ts";
import { standings } from "./table.ts";

/** Whether the tenant is suspended now, or closed. To be asked by whatever acts for a tenant without a request: deliveries, schedules, imports. */
export async function isSuspended(platform: PlatformContext, tenantId: string): Promise<boolean> {
  const closed = isDeleted(platform, tenantId);
  const rows = await platform.db
    .select({ tenantId: standings.tenantId })
    .from(standings)
    .where(and(eq(standings.tenantId, tenantId), isNotNull(standings.suspendedAt)))
    .limit(1);
  return rows.length > 0 || (await closed);
}
