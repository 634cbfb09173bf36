import { and, eq, isNull } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { type AskedTask, commit, PLATFORM_TENANT, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { closeTenant } from "../tenants/close-tenant.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { closureOf } from "./closure.ts";
import { ownerEmails } from "./owner-emails.ts";
import { forgetPrincipals } from "./principals.ts";
import { apiKeys, invitations, memberships, sessions } from "./table.ts";

/** Closes the tenant: nobody gets in any more, by session, key or invitation. A link mailed to its owners opens it again until it is erased. */
export async function deleteTenant(ctx: ServiceContext): Promise<void> {
  requirePermission(ctx, "tenant:delete");
  const tenantId = ctx.tenant.id;
  const [{ name }, owners, members] = await Promise.all([
    loadTenant(ctx, tenantId),
    ownerEmails(ctx, tenantId),
    ctx.db.select().from(memberships).where(eq(memberships.tenantId, tenantId)),
  ]);
  const closure = await closureOf(ctx, { kind: "tenant", tenantId, memberships: members });
  await commit(ctx, {
    change: [closeTenant(ctx, tenantId), closure.statement],
    also: lockOut(ctx, tenantId),
    audit: { action: "tenant.deleted", target: { type: "tenant", id: tenantId } },
    tasks: [...(await Promise.all(owners.map((to) => closure.notice(to, name)))), restTask(tenantId)],
    conflict: () => notFound("tenant"),
  });
  forgetPrincipals((principal) => principal.tenantId === tenantId);
}

// No credential works anywhere for longer than this (docs/security.md), so no run begins after it.
const SETTLED_AFTER_MS = 5 * SECOND_MS;

/** Stops what goes on in a closed tenant. On nobody's job list, since the tenant is closed. */
export function restTask(tenantId: string): AskedTask {
  return { type: "tenant.rest", tenantId: PLATFORM_TENANT, payload: { tenantId }, delayMs: SETTLED_AFTER_MS };
}

/** Every way into the tenant, ended. */
export function lockOut(platform: PlatformContext, tenantId: string): Statement[] {
  const now = platform.clock.now();
  const { db } = platform;
  return [
    db.delete(memberships).where(eq(memberships.tenantId, tenantId)),
    db
      .update(sessions)
      .set({ endedAt: now })
      .where(and(eq(sessions.tenantId, tenantId), isNull(sessions.endedAt))),
    db
      .update(apiKeys)
      .set({ revokedAt: now })
      .where(and(eq(apiKeys.tenantId, tenantId), isNull(apiKeys.revokedAt))),
    db
      .update(invitations)
      .set({ revokedAt: now })
      .where(and(eq(invitations.tenantId, tenantId), isNull(invitations.acceptedAt), isNull(invitations.revokedAt))),
  ];
}
