import { and, eq, isNotNull, lt } from "drizzle-orm";
import { plainRecoveryCode } from "../../domain/identity/second-factor.ts";
import { matchingStep } from "../../domain/identity/totp.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { digestOf } from "./secrets.ts";
import { recoveryCodes, secondFactors } from "./table.ts";

export interface RedeemableCode {
  /** Spends the code; changes no row when another request was first. */
  spend: Statement;
  method: "one-time-code" | "recovery-code";
}

/** Whether the code is one of the user's now: six digits of the app, or a recovery code. */
export async function redeemableCode(
  platform: PlatformContext,
  userId: string,
  code: string,
): Promise<RedeemableCode | null> {
  return /^\d{6}$/.test(code) ? oneTimeCode(platform, userId, code) : recoveryCode(platform, userId, code);
}

async function oneTimeCode(platform: PlatformContext, userId: string, code: string): Promise<RedeemableCode | null> {
  const isInForce = and(eq(secondFactors.userId, userId), isNotNull(secondFactors.confirmedAt));
  const [factor] = await platform.db.select().from(secondFactors).where(isInForce).limit(1);
  if (factor === undefined) return null;
  const step = matchingStep(await openSecret(platform, factor), code, platform.clock.now(), factor.lastStep);
  if (step === null) return null;
  const isUnspent = and(isInForce, lt(secondFactors.lastStep, step));
  return {
    spend: platform.db.update(secondFactors).set({ lastStep: step }).where(isUnspent),
    method: "one-time-code",
  };
}

async function recoveryCode(platform: PlatformContext, userId: string, code: string): Promise<RedeemableCode | null> {
  const isThis = and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, recoveryDigest(userId, code)));
  const rows = await platform.db.select({ hash: recoveryCodes.hash }).from(recoveryCodes).where(isThis).limit(1);
  if (rows.length === 0) return null;
  return { spend: platform.db.delete(recoveryCodes).where(isThis), method: "recovery-code" };
}

export function recoveryDigest(userId: string, code: string): string {
  return digestOf(`recovery:${userId}:${plainRecoveryCode(code)}`);
}

export async function openSecret(
  platform: PlatformContext,
  factor: { userId: string; secret: string },
): Promise<Uint8Array> {
  return Buffer.from(await platform.ports.secretBox.open(factor.secret, secretContext(factor.userId)), "hex");
}

export function sealSecret(platform: PlatformContext, userId: string, secret: Uint8Array): Promise<string> {
  return platform.ports.secretBox.seal(Buffer.from(secret).toString("hex"), secretContext(userId));
}

function secretContext(userId: string): string {
  return `second-factor:${userId}`;
}
