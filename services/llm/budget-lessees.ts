import { putLast } from "../../domain/kernel/bounded-map.ts";
import { type Lessee, newLessee } from "../../domain/llm/budget-lease.ts";
import type { Database, ServiceContext } from "../context.ts";

// What this isolate has been lent of tenants' budgets.
//   M1  not more than MAX_TENANTS. The one that was used least lately goes: what it had been lent comes back by its time.
//   M2  what was lent for one tenant of one database pays for no other.

const MAX_TENANTS = 5_000;

const byDatabase = new WeakMap<Database, Map<string, Lessee>>();

export function lesseeOf({ db, tenant }: ServiceContext): Lessee {
  const lessees = byDatabase.get(db) ?? new Map<string, Lessee>();
  byDatabase.set(db, lessees);
  const lessee = lessees.get(tenant.id) ?? newLessee();
  putLast(lessees, tenant.id, lessee, MAX_TENANTS);
  return lessee;
}
