import { putLast } from "../../domain/kernel/bounded-map.ts";
import { emptyLease, type Lease } from "../../domain/limits/lease.ts";
import { revocationCount } from "../identity/principals.ts";

// The leases that this isolate holds, one a tenant.
//   M1  not more than MAX_TENANTS; the one that was used least lately goes, and its tokens come back by refilling.
//   M2  for KNOWN_MS after anything was revoked or changed here, gates are asked for fresh knowledge: what they remember is
//       younger than that, so nobody whom this isolate locked out gets in again through it.

/** How long a gate trusts what it read from the database. With the life of a lease this bounds every revocation: 3 s. */
export const KNOWN_MS = 1_000;
const MAX_TENANTS = 5_000;

const leases = new Map<string, Lease>();
let seenRevocations = 0;
let freshUntil = 0;

export function leaseOf(tenantId: string): Lease {
  const lease = leases.get(tenantId) ?? emptyLease();
  putLast(leases, tenantId, lease, MAX_TENANTS);
  return lease;
}

export function forgetLease(tenantId: string): void {
  leases.delete(tenantId);
}

/** Whether a gate has to look into the database, whatever it remembers. */
export function needsFresh(now: number): boolean {
  const count = revocationCount();
  if (count !== seenRevocations) {
    seenRevocations = count;
    freshUntil = now + KNOWN_MS;
  }
  return now < freshUntil;
}
