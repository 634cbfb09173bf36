import { eq } from "drizzle-orm";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { accountContext } from "./account-context.ts";
import { endAllSessions } from "./change-password.ts";
import { forgetPrincipals, ofUser } from "./principals.ts";
import { mailTask } from "./send-mail.ts";
import { recoveryCodes, secondFactors, signInChallenges, users } from "./table.ts";

/**
 * The operator's way out for whoever lost app and recovery codes: the password alone signs in again. Every session ends and the
 * person is told, so that a reset somebody else talked the operator into does not go unnoticed.
 */
export async function resetSecondFactor(
  platform: PlatformContext,
  userId: string,
  { reason }: { reason: string },
): Promise<void> {
  const { db } = platform;
  const [user] = await db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user === undefined) throw notFound("user");
  const account = await accountContext(platform, userId);
  const notice = await mailTask(platform, {
    to: user.email,
    subject: "Your second factor was reset",
    text: "The operator of the platform took your second factor away and ended every session.\n\nIf you did not ask for this, change your password now and tell the operator.",
  });
  await commit(
    { ...account, actor: { kind: "operator" } },
    {
      change: db.delete(secondFactors).where(eq(secondFactors.userId, userId)),
      also: [
        db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
        db.delete(signInChallenges).where(eq(signInChallenges.userId, userId)),
        endAllSessions(platform, userId),
      ],
      audit: { action: "second-factor.reset", target: { type: "user", id: userId }, details: { reason } },
      tasks: [notice],
      conflict: () => problem("conflict", { detail: "The user has no second factor." }),
    },
  );
  forgetPrincipals(ofUser(userId));
}
