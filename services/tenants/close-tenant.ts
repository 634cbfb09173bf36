import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { tenants } from "./table.ts";

/** Marks a tenant as deleted; committed together with the end of every way into it. */
export function closeTenant(platform: PlatformContext, tenantId: string): Statement {
  return platform.db
    .update(tenants)
    .set({ deletedAt: platform.clock.now() })
    .where(and(eq(tenants.id, tenantId), isNull(tenants.deletedAt)));
}

/** Takes the mark away. Changes no row once the erasure is done, or when it could begin any moment. */
export function reopenTenant(platform: PlatformContext, tenantId: string): Statement {
  const isInTime = sql`${tenants.deletedAt} > ${platform.clock.now() - platform.settings.erasureAfterMs}`;
  return platform.db
    .update(tenants)
    .set({ deletedAt: null })
    .where(and(eq(tenants.id, tenantId), isNotNull(tenants.deletedAt), isNull(tenants.erasedAt), isInTime));
}
