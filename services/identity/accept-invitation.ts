import { and, eq, gt, isNull } from "drizzle-orm";
import { grantedRole } from "../../domain/identity/invitation.ts";
import type { Membership } from "../../domain/identity/membership.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { accountHolder } from "./account-holder.ts";
import { seatForMember } from "./seats.ts";
import { digestOf } from "./secrets.ts";
import { invitations, memberships, users } from "./table.ts";

/** Makes the signed-in user a member of the inviting tenant. Takes the address that was invited, verified. */
export async function acceptInvitation(ctx: ServiceContext, token: string): Promise<Membership> {
  const actor = await accountHolder(ctx);
  const now = ctx.clock.now();
  const isOpen = and(
    eq(invitations.tokenHash, digestOf(token)),
    isNull(invitations.acceptedAt),
    isNull(invitations.revokedAt),
    gt(invitations.expiresAt, now),
  );
  // across tenants: the digest of the secret is what names the tenant
  const [found] = await ctx.db
    .select({ invitation: invitations, inviterRole: memberships.role })
    .from(invitations)
    .leftJoin(
      memberships,
      and(eq(memberships.tenantId, invitations.tenantId), eq(memberships.userId, invitations.invitedBy)),
    )
    .where(isOpen)
    .limit(1);
  const role = found === undefined ? null : grantedRole(found.invitation.role, found.inviterRole);
  if (found === undefined || role === null) throw notFound("invitation");
  const { invitation } = found;
  await requireInvited(ctx, actor.userId, invitation.email);

  const { id: tenantId, name } = await loadTenant(ctx, invitation.tenantId);
  const seat = await seatForMember(ctx, tenantId);
  await commit(
    { ...ctx, tenant: { id: tenantId } },
    {
      change: [
        // across tenants: the invitation was found by its secret
        ctx.db.update(invitations).set({ acceptedAt: now }).where(isOpen),
        ctx.db.insert(memberships).values({ tenantId, userId: actor.userId, role, joinedAt: now }),
      ],
      also: [seat.guard],
      audit: {
        action: "invitation.accepted",
        target: { type: "invitation", id: invitation.id },
        details: { userId: actor.userId, role },
      },
      conflict: () => problem("conflict", { detail: "The invitation is spent, or you are a member already." }),
    },
  ).catch(seat.explain);
  return { id: tenantId, name, role, joinedAt: isoTime(now) };
}

async function requireInvited(ctx: ServiceContext, userId: string, email: string): Promise<void> {
  const [user] = await ctx.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user?.email !== email) throw problem("forbidden", { detail: "The invitation is for another e-mail address." });
  if (user.emailVerifiedAt === null) throw problem("email-not-verified");
}
