import type { Tenant } from "../../domain/tenants/tenant.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { tenants, toTenant } from "./table.ts";

/** A tenant that is not stored yet, and the statement that stores it: it is committed together with its first owner. */
export function newTenant(platform: PlatformContext, name: string): { tenant: Tenant; statement: Statement } {
  const now = platform.clock.now();
  const row = {
    id: platform.ids.next("ten"),
    name,
    settings: {},
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    erasedAt: null,
  };
  return { tenant: toTenant(row), statement: platform.db.insert(tenants).values(row) };
}
