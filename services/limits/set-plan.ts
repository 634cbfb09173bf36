import type { OperatorTenant, PlanChange } from "../../domain/limits/operator-tenant.ts";
import type { PlatformContext } from "../context.ts";
import { changeStanding } from "./change-standing.ts";

/** Puts a tenant on another plan. What the period has used stays counted. */
export function setPlan(
  platform: PlatformContext,
  tenantId: string,
  { plan, reason, periodAnchorAt }: PlanChange,
): Promise<OperatorTenant> {
  const anchor = periodAnchorAt === undefined ? {} : { periodAnchorAt: Date.parse(periodAnchorAt) };
  const details = { plan, reason };
  return changeStanding(platform, tenantId, { plan, ...anchor }, { action: "tenant.plan-changed", details });
}
