import { eq } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import { DAY_MS } from "../../domain/kernel/time.ts";
import { type AskedTask, commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { mailedToken } from "./mailed-token.ts";
import { mailTask } from "./send-mail.ts";
import { signedInUser } from "./signed-in-user.ts";
import { users } from "./table.ts";

const VERIFICATION_LIFE_MS = DAY_MS;

/** Mails the signed-in user another link to confirm their address. */
export async function requestVerification(ctx: ServiceContext): Promise<void> {
  const { userId } = signedInUser(ctx);
  const [user] = await ctx.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user === undefined) throw problem("unauthenticated");
  if (user.emailVerifiedAt !== null) throw problem("conflict", { detail: "The e-mail address is already verified." });
  await takeSignInAttempt(ctx, user.email, "mail");
  const { token, statement } = verificationToken(ctx, userId);
  await commit(ctx, {
    change: statement,
    audit: { action: "user.verification-requested", target: { type: "user", id: userId } },
    tasks: [await verificationMail(ctx, user.email, token)],
  });
}

export function verificationToken(platform: PlatformContext, userId: string) {
  return mailedToken(platform, { purpose: "verify-email", userId, lifeMs: VERIFICATION_LIFE_MS });
}

export function verificationMail(platform: PlatformContext, to: string, token: string): Promise<AskedTask> {
  const link = `${platform.settings.publicUrl}/verify-email?token=${token}`;
  return mailTask(platform, {
    to,
    subject: "Confirm your e-mail address",
    text: [
      "Confirm that this address is yours by opening this link within a day:",
      link,
      "If you did not register, ignore this message.",
    ].join("\n\n"),
  });
}
