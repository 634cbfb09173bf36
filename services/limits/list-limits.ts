import { surrender } from "../../domain/limits/lease.ts";
import type { Limits } from "../../domain/limits/limit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { leaseOf, needsFresh } from "./leases.ts";
import { principalName } from "./principal-name.ts";

/** The tenant's limits and how much of them is used. What this isolate holds goes back first, so that the count is exact. */
export async function listLimits(ctx: ServiceContext): Promise<Limits> {
  requirePermission(ctx, "settings:read");
  const returned = surrender(leaseOf(ctx.tenant.id));
  const gate = ctx.ports.tenantGates.of(ctx.tenant.id);
  return { limits: await gate.limits(principalName(ctx.actor), returned, needsFresh(ctx.clock.now())) };
}
