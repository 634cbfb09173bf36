import { and, asc, eq } from "drizzle-orm";
import type { Member } from "../../domain/identity/membership.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { isAtLeast } from "../../domain/kernel/permission.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { newerThan } from "../keyset.ts";
import { type RoleHolder, roleHolder } from "./signed-in-user.ts";
import { memberships, users } from "./table.ts";

interface MemberRow {
  membership: typeof memberships.$inferSelect;
  name: string | null;
  email: string;
}

/** The tenant's members, in the order they joined. */
export async function listMembers(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Member>> {
  requirePermission(ctx, "members:read");
  const actor = roleHolder(ctx);
  const rows = await selectMembers(ctx)
    .where(and(eq(memberships.tenantId, ctx.tenant.id), newerThan(memberships.joinedAt, memberships.userId, cursor)))
    .orderBy(asc(memberships.joinedAt), asc(memberships.userId))
    .limit(limit + 1);
  return pageOf(
    rows,
    limit,
    ({ membership }) => [String(membership.joinedAt), membership.userId],
    (row) => toMember(row, actor),
  );
}

export async function getMember(ctx: ServiceContext, userId: string): Promise<Member> {
  requirePermission(ctx, "members:read");
  return loadMember(ctx, userId);
}

export async function loadMember(ctx: ServiceContext, userId: string): Promise<Member> {
  const [row] = await selectMembers(ctx)
    .where(and(eq(memberships.tenantId, ctx.tenant.id), eq(memberships.userId, userId)))
    .limit(1);
  if (row === undefined) throw notFound("member");
  return toMember(row, roleHolder(ctx));
}

function selectMembers(ctx: ServiceContext) {
  return ctx.db
    .select({ membership: memberships, name: users.name, email: users.email })
    .from(memberships)
    .innerJoin(users, and(eq(memberships.tenantId, ctx.tenant.id), eq(users.id, memberships.userId)))
    .$dynamic();
}

function toMember({ membership, name, email }: MemberRow, reader: RoleHolder): Member {
  const { userId, role, joinedAt } = membership;
  return { userId, name, email: isAtLeast(reader.role, "member") ? email : null, role, joinedAt: isoTime(joinedAt) };
}
