import { and, eq, gt, isNull, ne } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { accountHolder } from "./account-holder.ts";
import { forgetPrincipals } from "./principals.ts";
import { signedInUser } from "./signed-in-user.ts";
import { sessions } from "./table.ts";

/** Signs the caller out: access and refresh tokens of the session stop at once. */
export async function logOut(ctx: ServiceContext): Promise<void> {
  await endSession(ctx, signedInUser(ctx).sessionId);
}

/** Ends one of the user's own sessions, in whichever tenant it works. */
export async function endSession(ctx: ServiceContext, sessionId: string): Promise<void> {
  const { userId, sessionId: present } = signedInUser(ctx);
  if (sessionId !== present) await accountHolder(ctx);
  // across tenants: a person's sessions are theirs in every tenant
  const change = ctx.db
    .update(sessions)
    .set({ endedAt: ctx.clock.now() })
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.endedAt)));
  await commit(ctx, {
    change,
    audit: { action: "session.ended", target: { type: "session", id: sessionId } },
    conflict: () => notFound("session"),
  });
  forgetPrincipals(({ actor }) => actor.kind === "user" && actor.sessionId === sessionId);
}

/** Ends every session of the user but the present one: what somebody does who left a device behind. */
export async function endOtherSessions(ctx: ServiceContext): Promise<void> {
  const { userId, sessionId: present } = await accountHolder(ctx);
  const now = ctx.clock.now();
  const isOther = and(eq(sessions.userId, userId), ne(sessions.id, present), isNull(sessions.endedAt));
  // across tenants: a person's sessions are theirs in every tenant
  const ending = ctx.db
    .update(sessions)
    .set({ endedAt: now })
    .where(and(isOther, gt(sessions.expiresAt, now)));
  await commit(ctx, {
    change: [],
    also: [ending],
    audit: { action: "session.ended", target: { type: "user", id: userId }, details: { kept: present } },
  });
  forgetPrincipals(({ actor }) => actor.kind === "user" && actor.userId === userId && actor.sessionId !== present);
}
