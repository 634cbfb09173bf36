import { and, eq } from "drizzle-orm";
import type { Actor } from "../../domain/kernel/actor.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { signedInUser } from "./signed-in-user.ts";
import { sessions } from "./table.ts";

/**
 * The person who acts, for what reaches beyond the tenant: the account itself, other memberships, other sessions. A session
 * that the tenant's issuer vouched for is confined to the tenant (P1 of domain/identity/openid.ts).
 */
export async function accountHolder(ctx: ServiceContext): Promise<Actor & { kind: "user" }> {
  const actor = signedInUser(ctx);
  const [session] = await ctx.db
    .select({ via: sessions.via })
    .from(sessions)
    .where(and(eq(sessions.tenantId, ctx.tenant.id), eq(sessions.id, actor.sessionId)))
    .limit(1);
  if (session?.via === "openid") {
    throw problem("forbidden", { detail: "A session through the tenant's issuer does not reach beyond the tenant." });
  }
  return actor;
}
