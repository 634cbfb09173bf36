import { eq } from "drizzle-orm";
import type { LimitOverrides, Limits } from "../../domain/limits/limit.ts";
import type { PlatformContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { commitAsOperator } from "./change-standing.ts";
import { allLimits } from "./list-limits.ts";
import { limitOverrides } from "./table.ts";

/** Replaces all that an operator had set apart from the tenant's plan. */
export async function setLimits(
  platform: PlatformContext,
  tenantId: string,
  { limits, reason, expiresAt }: LimitOverrides,
): Promise<Limits> {
  await loadTenant(platform, tenantId);
  const setAt = platform.clock.now();
  const until = expiresAt === undefined ? null : Date.parse(expiresAt);
  const rows = Object.entries(limits).flatMap(([name, own]) => {
    if (own === undefined) return [];
    const windowSeconds = "windowSeconds" in own ? (own.windowSeconds ?? null) : null;
    return [{ tenantId, name, limit: own.limit, windowSeconds, expiresAt: until, setAt }];
  });
  const clear = platform.db.delete(limitOverrides).where(eq(limitOverrides.tenantId, tenantId));
  const set = rows.map((row) => platform.db.insert(limitOverrides).values(row));
  const details = { limits, reason, ...(expiresAt !== undefined && { expiresAt }) };
  await commitAsOperator(platform, tenantId, [], { action: "limits.changed", details }, [clear, ...set]);
  return allLimits(platform, tenantId, { principal: "operator", returned: {}, isFresh: true });
}
