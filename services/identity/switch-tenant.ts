import { and, eq } from "drizzle-orm";
import type { SignedIn } from "../../domain/identity/user.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { accountHolder } from "./account-holder.ts";
import { openSession } from "./open-session.ts";
import { memberships, sessions, toUser, users } from "./table.ts";

/** A session in another tenant of the user's, beside the present one and no longer than it. */
export async function switchTenant(ctx: ServiceContext, tenantId: string): Promise<SignedIn> {
  const actor = await accountHolder(ctx);
  const [found] = await ctx.db
    .select({ user: users, role: memberships.role, expiresAt: sessions.expiresAt })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .innerJoin(sessions, and(eq(sessions.id, actor.sessionId), eq(sessions.tenantId, ctx.tenant.id)))
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.userId, actor.userId)))
    .limit(1);
  if (found === undefined) throw notFound("tenant");
  const { user, role, expiresAt } = found;
  const tenant = await loadTenant(ctx, tenantId);
  // Its people may still sign in there, to look and to take the data out: with their password, not by the way.
  const { isSuspended } = await ctx.ports.tenantGates.of(tenantId).standing(true);
  if (isSuspended) throw problem("tenant-suspended", { detail: "The tenant is suspended." });
  const session = openSession(ctx, { userId: actor.userId, tenantId, role, expiresAt });
  await commit(
    { ...ctx, tenant: { id: tenantId }, actor: { kind: "user", userId: actor.userId, sessionId: session.id, role } },
    {
      change: session.statements,
      audit: {
        action: "session.started",
        target: { type: "session", id: session.id },
        details: { switchedFrom: ctx.tenant.id },
      },
    },
  );
  return { user: toUser(user), tenant, ...(await session.tokens()) };
}
