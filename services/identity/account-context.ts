import { asc, eq } from "drizzle-orm";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { memberships } from "./table.ts";

/** Where acts of a person without a session are recorded: proven by a mailed link, in the log of their oldest tenant. */
export async function accountContext(platform: PlatformContext, userId: string): Promise<ServiceContext> {
  // across tenants: the memberships of one user
  const [oldest] = await platform.db
    .select({ tenantId: memberships.tenantId })
    .from(memberships)
    .where(eq(memberships.userId, userId))
    .orderBy(asc(memberships.joinedAt))
    .limit(1);
  return {
    ...platform,
    tenant: { id: oldest?.tenantId ?? "platform" },
    actor: { kind: "system", name: "account-mail" },
  };
}
