import { and, eq, isNull } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { invitations } from "./table.ts";

export async function revokeInvitation(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "members:write");
  const isPending = and(
    eq(invitations.tenantId, ctx.tenant.id),
    eq(invitations.id, id),
    isNull(invitations.acceptedAt),
    isNull(invitations.revokedAt),
  );
  await commit(ctx, {
    change: ctx.db.update(invitations).set({ revokedAt: ctx.clock.now() }).where(isPending),
    audit: { action: "invitation.revoked", target: { type: "invitation", id } },
    conflict: () => notFound("invitation"),
  });
}
