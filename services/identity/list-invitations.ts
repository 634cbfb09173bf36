import { and, desc, eq, gt, isNull } from "drizzle-orm";
import type { Invitation } from "../../domain/identity/invitation.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
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
        canBeAccepted(ctx),
        olderThan(invitations.createdAt, invitations.id, cursor),
      ),
    )
    .orderBy(desc(invitations.createdAt), desc(invitations.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.createdAt), row.id], toInvitation);
}

export async function getInvitation(ctx: ServiceContext, id: string): Promise<Invitation> {
  requirePermission(ctx, "members:write");
  const [row] = await ctx.db
    .select()
    .from(invitations)
    .where(and(eq(invitations.tenantId, ctx.tenant.id), eq(invitations.id, id), canBeAccepted(ctx)))
    .limit(1);
  if (row === undefined) throw notFound("invitation");
  return toInvitation(row);
}

function canBeAccepted(ctx: ServiceContext) {
  const isOpen = gt(invitations.expiresAt, ctx.clock.now());
  return and(isNull(invitations.acceptedAt), isNull(invitations.revokedAt), isOpen);
}
