import type { QuotaName } from "../../domain/limits/limit.ts";
import type { PlatformContext } from "../context.ts";

/** Counts against a quota what was used beside a request's admission: tokens of a model's answer, runs that a schedule started. */
export async function countUse(
  platform: PlatformContext,
  tenantId: string,
  quota: QuotaName,
  amount: number,
): Promise<void> {
  if (amount !== 0) await platform.ports.tenantGates.of(tenantId).count(quota, amount);
}
