import { and, eq, isNull, sql } from "drizzle-orm";
import type { PasswordReset } from "../../domain/identity/account.ts";
import { HOUR_MS } from "../../domain/kernel/time.ts";
import { commit, type Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { accountContext } from "./account-context.ts";
import { endAllSessions, passwordNotice, requireStrong } from "./change-password.ts";
import { takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { mailedToken, redeemable, tokenSpent } from "./mailed-token.ts";
import { forgetPrincipals, ofUser } from "./principals.ts";
import { mailTask } from "./send-mail.ts";
import { apiKeys, mailedTokens, recoveryCodes, secondFactors, signInChallenges, users } from "./table.ts";

const RESET_LIFE_MS = HOUR_MS;

type UserRow = typeof users.$inferSelect;

// Longer than the work for a known address takes, so that the answer's time does not tell one from an unknown one.
const ANSWER_AFTER_MS = 250;

/** Mails a link to choose a new password. The answer, and the time it takes, are the same for an unknown address. */
export async function forgetPassword(platform: PlatformContext, email: string): Promise<void> {
  await takeSignInAttempt(platform, email, "mail");
  const [user] = await platform.db.select().from(users).where(eq(users.email, email)).limit(1);
  if (user !== undefined) platform.later(sendReset(platform, user));
  await new Promise((resolve) => setTimeout(resolve, ANSWER_AFTER_MS));
}

async function sendReset(platform: PlatformContext, user: UserRow): Promise<void> {
  const { token, statement } = mailedToken(platform, {
    purpose: "reset-password",
    userId: user.id,
    lifeMs: RESET_LIFE_MS,
  });
  const link = `${platform.settings.publicUrl}/reset-password?token=${token}`;
  const mail = await mailTask(platform, {
    to: user.email,
    subject: "Choose a new password",
    text: [
      "Choose a new password by opening this link within an hour:",
      link,
      "If you did not ask for this, ignore this message: your password stays as it is.",
    ].join("\n\n"),
  });
  await commit(await accountContext(platform, user.id), {
    change: statement,
    audit: { action: "user.reset-requested", target: { type: "user", id: user.id } },
    tasks: [mail],
  });
}

/**
 * Whoever registered an address that nobody had verified need not be the one who reads its mail now: no key and no second
 * factor of theirs stays behind.
 */
function leftByAnother({ db, clock }: PlatformContext, userId: string): Statement[] {
  const theirKeys = and(eq(apiKeys.createdBy, userId), isNull(apiKeys.revokedAt));
  return [
    // across tenants: the keys of one person
    db.update(apiKeys).set({ revokedAt: clock.now() }).where(theirKeys),
    db.delete(secondFactors).where(eq(secondFactors.userId, userId)),
    db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
    db.delete(signInChallenges).where(eq(signInChallenges.userId, userId)),
  ];
}

/** A new password for who has read the mail. Every session and every other link ends. */
export async function resetPassword(platform: PlatformContext, input: PasswordReset): Promise<void> {
  const { userId, spend } = await redeemable(platform, "reset-password", input.token);
  const [user] = await platform.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user === undefined) throw tokenSpent();
  requireStrong(input.newPassword, [user.email, user.name ?? undefined]);
  const now = platform.clock.now();
  const passwordHash = await platform.ports.passwordHasher.hash(input.newPassword);
  const emailVerifiedAt = sql`coalesce(${users.emailVerifiedAt}, ${now})`;
  const otherLinks = and(
    eq(mailedTokens.userId, userId),
    eq(mailedTokens.purpose, "reset-password"),
    isNull(mailedTokens.usedAt),
  );
  await commit(await accountContext(platform, userId), {
    change: [spend, platform.db.update(users).set({ passwordHash, emailVerifiedAt }).where(eq(users.id, userId))],
    also: [
      endAllSessions(platform, userId),
      platform.db.update(mailedTokens).set({ usedAt: now }).where(otherLinks),
      ...(user.emailVerifiedAt === null ? leftByAnother(platform, userId) : []),
    ],
    audit: { action: "user.password-reset", target: { type: "user", id: userId } },
    tasks: [await passwordNotice(platform, user.email)],
    conflict: tokenSpent,
  });
  forgetPrincipals(ofUser(userId));
}
