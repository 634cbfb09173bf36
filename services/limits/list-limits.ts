import type { Returned } from "../../domain/limits/gate.ts";
import { surrender } from "../../domain/limits/lease.ts";
import type { Limit, Limits } from "../../domain/limits/limit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { seatsTaken } from "../identity/seats.ts";
import { leaseOf, needsFresh } from "./leases.ts";
import { principalName } from "./principal-name.ts";

/** The tenant's limits and how much of them is used. What this isolate holds goes back first, so that the count is exact. */
export async function listLimits(ctx: ServiceContext): Promise<Limits> {
  requirePermission(ctx, "settings:read");
  const returned = surrender(leaseOf(ctx.tenant.id));
  const isFresh = needsFresh(ctx.clock.now());
  return allLimits(ctx, ctx.tenant.id, { principal: principalName(ctx.actor), returned, isFresh });
}

/** What the gate counts, and what is counted where it is. */
export async function allLimits(
  platform: PlatformContext,
  tenantId: string,
  { principal, returned, isFresh }: { principal: string; returned: Returned; isFresh: boolean },
): Promise<Limits> {
  const gate = platform.ports.tenantGates.of(tenantId);
  const [counted, { capacities }, used] = await Promise.all([
    gate.limits(principal, returned, isFresh),
    gate.standing(isFresh),
    seatsTaken(platform, tenantId),
  ]);
  const { limit, source } = capacities.members;
  const members: Limit = { name: "members", limit, used, remaining: Math.max(0, limit - used), source };
  return { limits: [...counted, members] };
}
