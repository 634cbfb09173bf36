import { and, asc, eq } from "drizzle-orm";
import type { Membership } from "../../domain/identity/membership.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { newerThan } from "../keyset.ts";
import { tenantNames } from "../tenants/load-tenant.ts";
import { accountHolder } from "./account-holder.ts";
import { memberships } from "./table.ts";

/** The tenants that the user is a member of, oldest membership first. */
export async function listMemberships(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Membership>> {
  const { userId } = await accountHolder(ctx);
  // across tenants: the memberships of one user
  const rows = await ctx.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.userId, userId), newerThan(memberships.joinedAt, memberships.tenantId, cursor)))
    .orderBy(asc(memberships.joinedAt), asc(memberships.tenantId))
    .limit(limit + 1);
  const names = await tenantNames(
    ctx,
    rows.map(({ tenantId }) => tenantId),
  );
  return pageOf(
    rows,
    limit,
    (row) => [String(row.joinedAt), row.tenantId],
    (row) => ({
      id: row.tenantId,
      name: names.get(row.tenantId) ?? "",
      role: row.role,
      joinedAt: isoTime(row.joinedAt),
    }),
  );
}
