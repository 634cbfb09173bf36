import type { OperatorTenant, Resumption, Suspension } from "../../domain/limits/operator-tenant.ts";
import type { PlatformContext } from "../context.ts";
import { changeStanding } from "./change-standing.ts";

/** Stops a tenant: its people may read and export, its keys, deliveries and schedules rest. */
export function suspendTenant(
  platform: PlatformContext,
  tenantId: string,
  { reason }: Suspension,
): Promise<OperatorTenant> {
  const change = { suspendedAt: platform.clock.now(), suspendedReason: reason };
  return changeStanding(platform, tenantId, change, { action: "tenant.suspended", details: { reason } });
}

export function resumeTenant(
  platform: PlatformContext,
  tenantId: string,
  { reason }: Resumption,
): Promise<OperatorTenant> {
  const change = { suspendedAt: null, suspendedReason: null };
  return changeStanding(platform, tenantId, change, { action: "tenant.resumed", details: { reason: reason ?? null } });
}
