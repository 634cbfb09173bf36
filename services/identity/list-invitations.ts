import { and, desc, eq, gt, isNull } from "drizzle-orm";
import type { Invitation } from "../../domain/identity/invitation.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { invitations, toInvitation } from "./table.ts";

/** The invitations that can still be accepted, newest first. */
export async function listInvitations(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Invitation>> {
  requirePermission(ctx, "members:write");
  const rows = await ctx.db
    .select()
    .from(invitations)
    .where(
      and(
        eq(invitations.tenantId, ctx.tenant.id),
        isNull(invitations.acceptedAt),
        isNull(invitations.revokedAt),
        gt(invitations.expiresAt, ctx.clock.now()),
        olderThan(invitations.createdAt, invitations.id, cursor),
      ),
    )
    .orderBy(desc(invitations.createdAt), desc(invitations.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.createdAt), row.id], toInvitation);
}
