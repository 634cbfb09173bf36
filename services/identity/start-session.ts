import { and, asc, eq } from "drizzle-orm";
import type { SignedIn } from "../../domain/identity/user.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import { notFound, type Problem, problem } from "../../domain/kernel/problem.ts";
import { type AuditNote, commit, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { openSession } from "./open-session.ts";
import { firstTenantName, firstTenantNote } from "./register-user.ts";
import { memberships, toUser, type users } from "./table.ts";

export type UserRow = typeof users.$inferSelect;

interface SessionStart {
  tenantId: string | undefined;
  /** Each must change a row, or nobody is signed in. */
  change?: Statement[];
  also: Statement[];
  /** What to answer when a row of `change` was not there any more. */
  conflict?: () => Problem;
  /** How the person proved who they are, where it was more or other than a password. */
  method?: string;
}

/** A session for a person who has proven who they are. */
export async function startSession(platform: PlatformContext, user: UserRow, start: SessionStart): Promise<SignedIn> {
  const home = await homeOf(platform, user, start.tenantId);
  const session = openSession(platform, { userId: user.id, tenantId: home.tenantId, role: home.role });
  await commit(signedInContext(platform, user, home, session.id), {
    change: [...(start.change ?? []), ...home.statements, ...session.statements],
    also: start.also,
    audit: [
      ...home.notes,
      {
        action: "session.started",
        target: { type: "session", id: session.id },
        ...(start.method !== undefined && { details: { method: start.method } }),
      },
    ],
    conflict: start.conflict ?? (() => problem("unauthenticated")),
  });
  return { user: toUser(user), tenant: await loadTenant(platform, home.tenantId), ...(await session.tokens()) };
}

interface Home {
  tenantId: string;
  role: Role;
  statements: Statement[];
  notes: AuditNote[];
}

/** The tenant to work in: the one asked for, else the oldest membership, else a new one, since accepting an invitation needs a session. */
async function homeOf(platform: PlatformContext, user: UserRow, asked: string | undefined): Promise<Home> {
  // across tenants: the memberships of one user
  const [membership] = await platform.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.userId, user.id), asked === undefined ? undefined : eq(memberships.tenantId, asked)))
    .orderBy(asc(memberships.joinedAt))
    .limit(1);
  if (membership !== undefined) {
    return { tenantId: membership.tenantId, role: membership.role, statements: [], notes: [] };
  }
  if (asked !== undefined) throw notFound("tenant");
  const { tenant, statement } = newTenant(platform, firstTenantName(user));
  const row = { tenantId: tenant.id, userId: user.id, role: "owner" as const, joinedAt: platform.clock.now() };
  return {
    ...{ tenantId: tenant.id, role: "owner" },
    statements: [statement, platform.db.insert(memberships).values(row)],
    notes: [firstTenantNote(tenant)],
  };
}

function signedInContext(platform: PlatformContext, user: UserRow, home: Home, sessionId: string): ServiceContext {
  const actor = { kind: "user", userId: user.id, sessionId, role: home.role } as const;
  return { ...platform, tenant: { id: home.tenantId }, actor };
}

/** Written after the answer has left, so that the work before it tells nothing about the e-mail. */
export async function auditRefusal(platform: PlatformContext, userId: string, reason: string): Promise<void> {
  // across tenants: the memberships of one user
  const rows = await platform.db
    .select({ tenantId: memberships.tenantId })
    .from(memberships)
    .where(eq(memberships.userId, userId));
  for (const { tenantId } of rows) {
    const ctx: ServiceContext = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "sign-in" } };
    await commit(ctx, {
      change: [],
      audit: { action: "session.refused", target: { type: "user", id: userId }, details: { reason } },
    });
  }
}
