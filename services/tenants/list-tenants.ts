import { and, desc, isNull } from "drizzle-orm";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { Tenant } from "../../domain/tenants/tenant.ts";
import type { PlatformContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { tenants, toTenant } from "./table.ts";

/** Every tenant of the platform, newest first. For the operator alone. */
export async function listTenants(platform: PlatformContext, { limit, cursor }: PageRequest): Promise<Page<Tenant>> {
  const rows = await platform.db
    .select()
    .from(tenants)
    .where(and(isNull(tenants.deletedAt), olderThan(tenants.createdAt, tenants.id, cursor)))
    .orderBy(desc(tenants.createdAt), desc(tenants.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.createdAt), row.id], toTenant);
}
