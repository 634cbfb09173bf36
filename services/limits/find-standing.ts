import { eq } from "drizzle-orm";
import type { LimitOverride } from "../../domain/limits/policy.ts";
import { DEFAULT_PLAN, type Plan } from "../../domain/tenants/plan.ts";
import type { PlatformContext } from "../context.ts";
import { limitOverrides, standings } from "./table.ts";

export interface Standing {
  plan: Plan;
  periodAnchorAt: number | null;
  isSuspended: boolean;
  overrides: LimitOverride[];
}

/** Plan, suspension and overrides of a tenant, as the database has them now. */
export async function findStanding(platform: PlatformContext, tenantId: string): Promise<Standing> {
  const [[row], overrides] = await platform.db.batch([
    platform.db.select().from(standings).where(eq(standings.tenantId, tenantId)),
    platform.db
      .select({
        name: limitOverrides.name,
        limit: limitOverrides.limit,
        windowSeconds: limitOverrides.windowSeconds,
        expiresAt: limitOverrides.expiresAt,
      })
      .from(limitOverrides)
      .where(eq(limitOverrides.tenantId, tenantId)),
  ]);
  return {
    plan: row?.plan ?? DEFAULT_PLAN,
    periodAnchorAt: row?.periodAnchorAt ?? null,
    isSuspended: (row?.suspendedAt ?? null) !== null,
    overrides,
  };
}
