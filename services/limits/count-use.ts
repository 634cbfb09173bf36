import type { QuotaName } from "../../domain/limits/limit.ts";
import type { PlatformContext } from "../context.ts";
import { GATHER_MS, gathering } from "../gather.ts";

interface Use {
  tenantId: string;
  quota: QuotaName;
  amount: number;
}

const tellGate = gathering<Use>(
  GATHER_MS,
  ({ tenantId, quota }) => `${tenantId}/${quota}`,
  async ({ ports }, uses) => {
    const [first] = uses;
    const amount = uses.reduce((sum, use) => sum + use.amount, 0);
    if (first !== undefined) await ports.tenantGates.of(first.tenantId).count(first.quota, amount);
  },
);

/** Counts against a quota what was used beside a request's admission: tokens of a model's answer, runs that a schedule started. */
export function countUse(
  platform: PlatformContext,
  tenantId: string,
  quota: QuotaName,
  amount: number,
): Promise<void> | null {
  return amount === 0 ? null : tellGate(platform, { tenantId, quota, amount });
}
