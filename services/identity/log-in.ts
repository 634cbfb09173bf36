import { and, asc, eq } from "drizzle-orm";
import type { Login, SignedIn } from "../../domain/identity/user.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { commit, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { openSession } from "./open-session.ts";
import { firstTenantName } from "./register-user.ts";
import { memberships, toUser, users } from "./table.ts";

type UserRow = typeof users.$inferSelect;

/** A new session for an e-mail and a password. An unknown e-mail does the same work and gets the same answer. */
export async function logIn(platform: PlatformContext, input: Login): Promise<SignedIn> {
  const attempt = await takeSignInAttempt(platform, input.email);
  const [user] = await platform.db.select().from(users).where(eq(users.email, input.email)).limit(1);
  const hasher = platform.ports.passwordHasher;
  if (user === undefined) {
    await hasher.verifyNobody(input.password);
    throw refused();
  }
  const { matches, needsRehash } = await hasher.verify(input.password, user.passwordHash);
  if (!matches) {
    platform.later(auditFailure(platform, user));
    throw refused();
  }
  const home = await homeOf(platform, user, input.tenantId);
  const rehash = needsRehash ? await hasher.hash(input.password) : null;
  const session = openSession(platform, { userId: user.id, tenantId: home.tenantId, role: home.role });
  await commit(signedInContext(platform, user, home, session.id), {
    change: [...home.statements, ...session.statements],
    also: [...attempt.refund, ...(rehash === null ? [] : [rehashed(platform, user, rehash)])],
    audit: { action: "session.started", target: { type: "session", id: session.id } },
  });
  return { user: toUser(user), tenant: await loadTenant(platform, home.tenantId), ...(await session.tokens()) };
}

interface Home {
  tenantId: string;
  role: Role;
  statements: Statement[];
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
  if (membership !== undefined) return { tenantId: membership.tenantId, role: membership.role, statements: [] };
  if (asked !== undefined) throw notFound("tenant");
  const { tenant, statement } = newTenant(platform, firstTenantName(user));
  const row = { tenantId: tenant.id, userId: user.id, role: "owner" as const, joinedAt: platform.clock.now() };
  return { tenantId: tenant.id, role: "owner", statements: [statement, platform.db.insert(memberships).values(row)] };
}

function signedInContext(platform: PlatformContext, user: UserRow, home: Home, sessionId: string): ServiceContext {
  const actor = { kind: "user", userId: user.id, sessionId, role: home.role } as const;
  return { ...platform, tenant: { id: home.tenantId }, actor };
}

function refused() {
  return problem("unauthenticated", { detail: "The e-mail address or the password is wrong." });
}

/** Written after the answer has left, so that the work before it tells nothing about the e-mail. */
async function auditFailure(platform: PlatformContext, user: UserRow): Promise<void> {
  // across tenants: the memberships of one user
  const rows = await platform.db
    .select({ tenantId: memberships.tenantId })
    .from(memberships)
    .where(eq(memberships.userId, user.id));
  for (const { tenantId } of rows) {
    const ctx: ServiceContext = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "sign-in" } };
    await commit(ctx, { change: [], audit: { action: "session.refused", target: { type: "user", id: user.id } } });
  }
}

function rehashed(platform: PlatformContext, user: UserRow, passwordHash: string): Statement {
  const isUnchanged = and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash));
  return platform.db.update(users).set({ passwordHash }).where(isUnchanged);
}
