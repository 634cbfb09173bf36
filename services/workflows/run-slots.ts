import { putLast } from "../../domain/kernel/bounded-map.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { askedTogether } from "../asked-together.ts";
import type { PlatformContext } from "../context.ts";
import type { SlotLease } from "./ports.ts";

// The permits that this isolate holds, one lease a tenant: far below the limit a start takes one from memory and asks nobody.
// Starts that come together ask once: a lease each would take the tenant's limit away with permits that nobody uses.

/** A tenant near its limit is given none; then every run asks for itself, and this is asked again after a while. */
const NEAR_LIMIT_MS = SECOND_MS;
const MAX_TENANTS = 5_000;

const leases = new Map<string, SlotLease>();
const askOnce = askedTogether<SlotLease>();

/** The lease that a new run of this tenant belongs to; null where the run must ask for a slot itself. */
export async function takePermit(platform: PlatformContext, tenantId: string): Promise<string | null> {
  for (;;) {
    const held = leases.get(tenantId);
    if (held !== undefined && platform.clock.now() < held.until && (held.permits > 0 || held.id === null)) {
      return takeFrom(held);
    }
    const lease = await askOnce(tenantId, () => ask(platform, tenantId));
    if (lease !== undefined) return takeFrom(lease);
  }
}

function takeFrom(lease: SlotLease): string | null {
  if (lease.id === null || lease.permits === 0) return null;
  lease.permits--;
  return lease.id;
}

async function ask(platform: PlatformContext, tenantId: string): Promise<SlotLease> {
  const now = platform.clock.now();
  const lease = await platform.ports.runSlots.of(tenantId).lease();
  if (lease.id === null) lease.until = now + NEAR_LIMIT_MS;
  putLast(leases, tenantId, lease, MAX_TENANTS);
  return lease;
}
