import { and, eq, isNull } from "drizzle-orm";
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
