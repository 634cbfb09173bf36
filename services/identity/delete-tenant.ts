import { and, eq, isNull } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { closeTenant } from "../tenants/close-tenant.ts";
import { forgetPrincipals } from "./principals.ts";
import { apiKeys, invitations, memberships, sessions } from "./table.ts";

/** Closes the tenant: nobody gets in any more, by session, key or invitation. */
export async function deleteTenant(ctx: ServiceContext): Promise<void> {
  requirePermission(ctx, "tenant:delete");
  const tenantId = ctx.tenant.id;
  await commit(ctx, {
    change: closeTenant(ctx, tenantId),
    also: lockOut(ctx, tenantId),
    audit: { action: "tenant.deleted", target: { type: "tenant", id: tenantId } },
    conflict: () => notFound("tenant"),
  });
  forgetPrincipals((principal) => principal.tenantId === tenantId);
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
