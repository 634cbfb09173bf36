import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { within } from "../within.ts";
import type { SlotLease } from "./ports.ts";

// The permits that this isolate holds, one lease a tenant: far below the limit a start takes one from memory and asks nobody.
// Starts that come together ask once: a lease each would take the tenant's limit away with permits that nobody uses.

/** A tenant near its limit is given none; then every run asks for itself, and this is asked again after a while. */
const NEAR_LIMIT_MS = SECOND_MS;
/** How long a start waits for what another one asked, whose caller may have left and its question with it. */
const JOIN_MS = SECOND_MS;
const MAX_TENANTS = 5_000;

const leases = new Map<string, SlotLease>();
const asking = new Map<string, Promise<unknown>>();

/** The lease that a new run of this tenant belongs to; null where the run must ask for a slot itself. */
export async function takePermit(platform: PlatformContext, tenantId: string): Promise<string | null> {
  for (;;) {
    const held = leases.get(tenantId);
    if (held !== undefined && platform.clock.now() < held.until && (held.permits > 0 || held.id === null)) {
      return takeFrom(held);
    }
    const asked = asking.get(tenantId);
    if (asked === undefined) return takeFrom(await askOnce(platform, tenantId));
    await orLater(asked, JOIN_MS);
    if (asking.get(tenantId) === asked) asking.delete(tenantId);
  }
}

function takeFrom(lease: SlotLease): string | null {
  if (lease.id === null || lease.permits === 0) return null;
  lease.permits--;
  return lease.id;
}

async function askOnce(platform: PlatformContext, tenantId: string): Promise<SlotLease> {
  const question = ask(platform, tenantId);
  asking.set(tenantId, question);
  try {
    return await question;
  } finally {
    if (asking.get(tenantId) === question) asking.delete(tenantId);
  }
}

async function ask(platform: PlatformContext, tenantId: string): Promise<SlotLease> {
  const now = platform.clock.now();
  const lease = await platform.ports.runSlots.of(tenantId).lease();
  if (lease.id === null) lease.until = now + NEAR_LIMIT_MS;
  leases.delete(tenantId);
  leases.set(tenantId, lease);
  const [oldest] = leases.keys();
  if (leases.size > MAX_TENANTS && oldest !== undefined) leases.delete(oldest);
  return lease;
}

/** Whether it fails is for the one who asked: this one asks again. */
async function orLater(work: Promise<unknown>, ms: number): Promise<void> {
  await within(
    work.catch(() => {}),
    ms,
    () => {},
  );
}
