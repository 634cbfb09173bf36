import { and, eq } from "drizzle-orm";
import type { PlatformContext } from "../context.ts";
import { memberships, users } from "./table.ts";

/** Where the owners of a tenant are reached. */
export async function ownerEmails(platform: PlatformContext, tenantId: string): Promise<string[]> {
  const rows = await platform.db
    .select({ email: users.email })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.role, "owner")));
  return rows.map(({ email }) => email);
}
