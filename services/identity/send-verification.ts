import { DAY_MS } from "../../domain/kernel/time.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { mailedTokens } from "./table.ts";

const VERIFICATION_LIFE_MS = DAY_MS;

export function verificationToken(platform: PlatformContext, userId: string): { token: string; statement: Statement } {
  const token = newSecret(platform, "ev_");
  const now = platform.clock.now();
  const row = { hash: digestOf(token), purpose: "verify-email" as const, userId, createdAt: now };
  return {
    token,
    statement: platform.db.insert(mailedTokens).values({ ...row, expiresAt: now + VERIFICATION_LIFE_MS }),
  };
}

export async function sendVerification(platform: PlatformContext, to: string, token: string): Promise<void> {
  const link = `${platform.settings.publicUrl}/verify-email?token=${token}`;
  await platform.ports.mailer.send({
    to,
    subject: "Confirm your e-mail address",
    text: `Confirm that this address is yours by opening this link within a day:\n\n${link}\n\nIf you did not register, ignore this message.`,
  });
}
