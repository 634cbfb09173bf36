import { and, eq, isNull, ne } from "drizzle-orm";
import { INVITATION_LIFE_MS, type Invitation, type NewInvitation } from "../../domain/identity/invitation.ts";
import { canGrant } from "../../domain/identity/membership.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { type AskedTask, commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { takeInvitation } from "./limit-sign-in-attempts.ts";
import { seatForInvitation } from "./seats.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { mailTask } from "./send-mail.ts";
import { memberBehind, roleHolder } from "./signed-in-user.ts";
import { invitations, memberships, toInvitation, users } from "./table.ts";

/** Mails an invitation to the tenant. A newer one replaces the one before it to the same address. */
export async function createInvitation(ctx: ServiceContext, input: NewInvitation): Promise<Invitation> {
  requirePermission(ctx, "members:write");
  const actor = roleHolder(ctx);
  if (!canGrant(actor, input.role)) {
    throw problem("forbidden", { detail: `You may not invite as ${input.role}.` });
  }
  if (await isMemberAlready(ctx, input.email)) {
    throw problem("conflict", { detail: "The address belongs to a member of the tenant." });
  }
  const { name } = await loadTenant(ctx, ctx.tenant.id);
  const seat = await seatForInvitation(ctx, ctx.tenant.id, input.email);
  await takeInvitation(ctx, ctx.tenant.id, input.email);
  const now = ctx.clock.now();
  const token = newSecret(ctx, "in_");
  const row: typeof invitations.$inferSelect = {
    id: ctx.ids.next("inv"),
    tenantId: ctx.tenant.id,
    email: input.email,
    role: input.role,
    tokenHash: digestOf(token),
    invitedBy: memberBehind(actor),
    createdAt: now,
    expiresAt: now + INVITATION_LIFE_MS,
    acceptedAt: null,
    revokedAt: null,
  };
  const isOlder = and(
    eq(invitations.tenantId, ctx.tenant.id),
    ne(invitations.id, row.id),
    eq(invitations.email, input.email),
    isNull(invitations.acceptedAt),
    isNull(invitations.revokedAt),
  );
  await commit(ctx, {
    change: ctx.db.insert(invitations).values(row),
    also: [ctx.db.update(invitations).set({ revokedAt: now }).where(isOlder), seat.guard],
    audit: {
      action: "invitation.created",
      target: { type: "invitation", id: row.id },
      details: { role: input.role },
    },
    tasks: [await invitationMail(ctx, { to: input.email, tenantName: name, token })],
  }).catch(seat.explain);
  return toInvitation(row);
}

async function isMemberAlready(ctx: ServiceContext, email: string): Promise<boolean> {
  const rows = await ctx.db
    .select({ id: users.id })
    .from(users)
    .innerJoin(memberships, and(eq(memberships.tenantId, ctx.tenant.id), eq(memberships.userId, users.id)))
    .where(eq(users.email, email))
    .limit(1);
  return rows.length > 0;
}

function invitationMail(
  ctx: ServiceContext,
  of: { to: string; tenantName: string; token: string },
): Promise<AskedTask> {
  const link = `${ctx.settings.publicUrl}/invitations/accept?token=${of.token}`;
  return mailTask(ctx, {
    to: of.to,
    subject: `You are invited to ${of.tenantName}`,
    text: [
      `You are invited to ${of.tenantName}. Sign in with this address and accept within seven days:`,
      link,
      "If you do not know why, ignore this message.",
    ].join("\n\n"),
  });
}
