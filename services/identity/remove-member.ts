import { and, eq, isNull } from "drizzle-orm";
import { canManage } from "../../domain/identity/membership.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { requireMatch } from "../preconditions.ts";
import { isMember, keepsAnOwner, ownerConflict } from "./change-member-role.ts";
import { loadMember } from "./list-members.ts";
import { forgetPrincipals, ofMember } from "./principals.ts";
import { roleHolder } from "./signed-in-user.ts";
import { memberships, sessions } from "./table.ts";

/** Takes a member out of the tenant; anyone but the last owner may also leave. Their sessions here and the keys they made stop. */
export async function removeMember(ctx: ServiceContext, userId: string): Promise<void> {
  const isLeaving = ctx.actor.kind === "user" && ctx.actor.userId === userId;
  if (!isLeaving) requirePermission(ctx, "members:write");
  const member = await loadMember(ctx, userId);
  if (!isLeaving && !canManage(roleHolder(ctx), member.role)) {
    throw problem("forbidden", { detail: `You may not remove this ${member.role}.` });
  }
  requireMatch(ctx, member);
  const theirSessions = and(
    eq(sessions.tenantId, ctx.tenant.id),
    eq(sessions.userId, userId),
    isNull(sessions.endedAt),
  );
  await commit(ctx, {
    change: ctx.db.delete(memberships).where(and(isMember(ctx, userId, member.role), keepsAnOwner(ctx, null))),
    also: [ctx.db.update(sessions).set({ endedAt: ctx.clock.now() }).where(theirSessions)],
    audit: {
      action: isLeaving ? "member.left" : "member.removed",
      target: { type: "user", id: userId },
      details: { before: { role: member.role } },
    },
    conflict: () => ownerConflict(member.role),
  });
  forgetPrincipals(ofMember(ctx.tenant.id, userId));
}
