import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import type { SlotLease } from "./ports.ts";

// The permits that this isolate holds, one lease a tenant: far below the limit a start takes one from memory and asks nobody.

/** A tenant near its limit is given none; then every run asks for itself, and this is asked again after a while. */
const NEAR_LIMIT_MS = SECOND_MS;
const MAX_TENANTS = 5_000;

const leases = new Map<string, SlotLease>();

/** The lease that a new run of this tenant belongs to; null where the run must ask for a slot itself. */
export async function takePermit(platform: PlatformContext, tenantId: string): Promise<string | null> {
  const now = platform.clock.now();
  let lease = leases.get(tenantId);
  if (lease === undefined || now >= lease.until || (lease.permits === 0 && lease.id !== null)) {
    lease = await platform.ports.runSlots.of(tenantId).lease();
    if (lease.id === null) lease.until = now + NEAR_LIMIT_MS;
    remember(tenantId, lease);
  }
  if (lease.id === null || lease.permits === 0) return null;
  lease.permits--;
  return lease.id;
}

function remember(tenantId: string, lease: SlotLease): void {
  leases.delete(tenantId);
  leases.set(tenantId, lease);
  const [oldest] = leases.keys();
  if (leases.size > MAX_TENANTS && oldest !== undefined) leases.delete(oldest);
}
