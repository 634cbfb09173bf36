import { and, count, eq, isNotNull, isNull } from "drizzle-orm";
import {
  newRecoveryCode,
  RECOVERY_CODES,
  type RecoveryCodes,
  type SecondFactor,
  type SecondFactorEnrolment,
} from "../../domain/identity/second-factor.ts";
import { base32, matchingStep, otpauthUrl, SECRET_BYTES } from "../../domain/identity/totp.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { takeCodeAttempt, takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { openSecret, recoveryDigest, redeemableCode, sealSecret } from "./redeemable-code.ts";
import { signedInUser } from "./signed-in-user.ts";
import { recoveryCodes, secondFactors, users } from "./table.ts";

const ISSUER = "Weft";

export async function getSecondFactor(ctx: ServiceContext): Promise<SecondFactor> {
  const { userId } = signedInUser(ctx);
  const isInForce = and(eq(secondFactors.userId, userId), isNotNull(secondFactors.confirmedAt));
  const [[factor], [left]] = await ctx.db.batch([
    ctx.db.select({ userId: secondFactors.userId }).from(secondFactors).where(isInForce),
    ctx.db.select({ codes: count() }).from(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
  ]);
  return { enabled: factor !== undefined, recoveryCodesLeft: left?.codes ?? 0 };
}

/** A new secret, not in force before a code confirms it. Asks for the password: a session left open must not lock its owner out. */
export async function enrolSecondFactor(ctx: ServiceContext, password: string): Promise<SecondFactorEnrolment> {
  const { userId } = signedInUser(ctx);
  const [user] = await ctx.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (user === undefined) throw problem("unauthenticated");
  const attempt = await takeSignInAttempt(ctx, user.email);
  const { matches } = await ctx.ports.passwordHasher.verify(password, user.passwordHash);
  if (!matches) {
    throw problem("validation-failed", { errors: [{ pointer: "/password", detail: "is not the password" }] });
  }
  const secret = ctx.random.bytes(SECRET_BYTES);
  const fresh = { secret: await sealSecret(ctx, userId, secret), lastStep: 0, createdAt: ctx.clock.now() };
  await commit(ctx, {
    change: ctx.db
      .insert(secondFactors)
      .values({ userId, ...fresh })
      .onConflictDoUpdate({ target: secondFactors.userId, set: fresh, setWhere: isNull(secondFactors.confirmedAt) }),
    also: attempt.refund,
    audit: { action: "second-factor.enrolled", target: { type: "user", id: userId } },
    conflict: () => problem("conflict", { detail: "A second factor is in force; disable it first." }),
  });
  return { secret: base32(secret), otpauthUrl: otpauthUrl(secret, ISSUER, user.email) };
}

/** Puts the enrolled secret in force with its first code, and hands out the recovery codes. */
export async function confirmSecondFactor(ctx: ServiceContext, code: string): Promise<RecoveryCodes> {
  const { userId } = signedInUser(ctx);
  const attempt = await takeCodeAttempt(ctx, userId);
  const isEnrolled = and(eq(secondFactors.userId, userId), isNull(secondFactors.confirmedAt));
  const [factor] = await ctx.db.select().from(secondFactors).where(isEnrolled).limit(1);
  if (factor === undefined) throw problem("conflict", { detail: "No second factor waits to be confirmed." });
  const now = ctx.clock.now();
  const lastStep = matchingStep(await openSecret(ctx, factor), code, now, factor.lastStep);
  if (lastStep === null) throw wrongCode();
  const codes = Array.from({ length: RECOVERY_CODES }, () => newRecoveryCode(ctx.random.bytes));
  await commit(ctx, {
    change: [
      ctx.db
        .update(secondFactors)
        .set({ confirmedAt: now, lastStep })
        .where(and(isEnrolled, eq(secondFactors.secret, factor.secret))),
      ctx.db.insert(recoveryCodes).values(codes.map((one) => ({ hash: recoveryDigest(userId, one), userId }))),
    ],
    also: attempt.refund,
    audit: { action: "second-factor.enabled", target: { type: "user", id: userId } },
  });
  return { recoveryCodes: codes };
}

/** Takes the second factor away; asks for a code, so that a stolen session cannot. */
export async function disableSecondFactor(ctx: ServiceContext, code: string): Promise<void> {
  const { userId } = signedInUser(ctx);
  const attempt = await takeCodeAttempt(ctx, userId);
  const redeemable = await redeemableCode(ctx, userId, code);
  if (redeemable === null) throw wrongCode();
  await commit(ctx, {
    change: [redeemable.spend, ctx.db.delete(secondFactors).where(eq(secondFactors.userId, userId))],
    also: [ctx.db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)), ...attempt.refund],
    audit: { action: "second-factor.disabled", target: { type: "user", id: userId } },
  });
}

function wrongCode() {
  return problem("validation-failed", {
    errors: [{ pointer: "/code", detail: "is not a code that works now" }],
  });
}
