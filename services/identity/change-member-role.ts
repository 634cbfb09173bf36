import { and, eq, ne, or, sql } from "drizzle-orm";
import { canGrant, canManage, type Member, type MemberPatch } from "../../domain/identity/membership.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { requireMatch } from "../preconditions.ts";
import { loadMember } from "./list-members.ts";
import { forgetPrincipals, ofMember } from "./principals.ts";
import { roleHolder } from "./signed-in-user.ts";
import { memberships } from "./table.ts";

/** Gives a member another role. Nobody grants above their own role, and only owners act on their equals. */
export async function changeMemberRole(ctx: ServiceContext, userId: string, patch: MemberPatch): Promise<Member> {
  requirePermission(ctx, "members:write");
  const actor = roleHolder(ctx);
  const member = await loadMember(ctx, userId);
  const isOneself = actor.kind === "user" && actor.userId === userId;
  if (!(isOneself || canManage(actor, member.role)) || !canGrant(actor, patch.role)) {
    throw problem("forbidden", { detail: `You may not make this ${member.role} a ${patch.role}.` });
  }
  requireMatch(ctx, member);
  if (patch.role === member.role) return member;
  await commit(ctx, {
    change: ctx.db
      .update(memberships)
      .set({ role: patch.role })
      .where(and(isMember(ctx, userId, member.role), keepsAnOwner(ctx, patch.role))),
    audit: {
      action: "member.role-changed",
      target: { type: "user", id: userId },
      details: { before: { role: member.role }, after: { role: patch.role } },
    },
    conflict: () => ownerConflict(member.role),
  });
  forgetPrincipals(ofMember(ctx.tenant.id, userId));
  return { ...member, role: patch.role };
}

/** The membership as it was read: a change by someone else in between makes the commit a conflict. */
export function isMember(ctx: ServiceContext, userId: string, role: Role) {
  return and(eq(memberships.tenantId, ctx.tenant.id), eq(memberships.userId, userId), eq(memberships.role, role));
}

/** Part of the statement itself, so that two owners who step down at once cannot both succeed. */
export function keepsAnOwner(ctx: ServiceContext, next: Role | null) {
  if (next === "owner") return undefined;
  const owners = sql`(select count(*) from memberships o where o.tenant_id = ${ctx.tenant.id} and o.role = 'owner')`;
  return or(ne(memberships.role, "owner"), sql`${owners} > 1`);
}

export function ownerConflict(role: Role): Problem {
  return problem(role === "owner" ? "last-owner" : "conflict");
}
