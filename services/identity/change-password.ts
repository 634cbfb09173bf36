import { and, eq, isNull } from "drizzle-orm";
import type { PasswordChange } from "../../domain/identity/account.ts";
import { passwordFault } from "../../domain/identity/password.ts";
import type { SignedIn } from "../../domain/identity/user.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { type AskedTask, commit, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { openSession } from "./open-session.ts";
import { forgetPrincipals, ofUser } from "./principals.ts";
import { mailTask } from "./send-mail.ts";
import { signedInUser } from "./signed-in-user.ts";
import { sessions, toUser, users } from "./table.ts";

/** A new password for the signed-in user. Every session ends, the present one is continued by the pair in the answer. */
export async function changePassword(ctx: ServiceContext, input: PasswordChange): Promise<SignedIn> {
  const { userId, role } = signedInUser(ctx);
  const [user] = await ctx.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user === undefined) throw problem("unauthenticated");
  requireStrong(input.newPassword, [user.email, user.name ?? undefined]);
  const attempt = await takeSignInAttempt(ctx, user.email);
  const { matches } = await ctx.ports.passwordHasher.verify(input.currentPassword, user.passwordHash);
  if (!matches) {
    throw problem("validation-failed", { errors: [{ pointer: "/currentPassword", detail: "is not the password" }] });
  }
  const passwordHash = await ctx.ports.passwordHasher.hash(input.newPassword);
  const session = openSession(ctx, { userId, tenantId: ctx.tenant.id, role });
  await commit(ctx, {
    change: [
      ctx.db
        .update(users)
        .set({ passwordHash })
        .where(and(eq(users.id, userId), eq(users.passwordHash, user.passwordHash))),
      endAllSessions(ctx, userId),
      ...session.statements,
    ],
    also: attempt.refund,
    audit: { action: "user.password-changed", target: { type: "user", id: userId } },
    tasks: [await passwordNotice(ctx, user.email)],
  });
  forgetPrincipals(ofUser(userId));
  return { user: toUser(user), tenant: await loadTenant(ctx, ctx.tenant.id), ...(await session.tokens()) };
}

export function requireStrong(newPassword: string, known: readonly (string | undefined)[]): void {
  const fault = passwordFault(newPassword, known);
  if (fault !== null) throw problem("validation-failed", { errors: [{ pointer: "/newPassword", detail: fault }] });
}

export function endAllSessions(platform: PlatformContext, userId: string): Statement {
  // across tenants: a person's sessions are theirs in every tenant
  return platform.db
    .update(sessions)
    .set({ endedAt: platform.clock.now() })
    .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt)));
}

export function passwordNotice(platform: PlatformContext, to: string): Promise<AskedTask> {
  return mailTask(platform, {
    to,
    subject: "Your password was changed",
    text: "Your password was changed and every session was ended.\n\nIf this was not you, reset your password now.",
  });
}
