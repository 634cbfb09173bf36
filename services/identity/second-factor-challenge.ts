import { and, eq, gt, isNotNull, lt, sql } from "drizzle-orm";
import type { SecondFactorAnswer } from "../../domain/identity/second-factor.ts";
import type { SignedIn } from "../../domain/identity/user.ts";
import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { isoTime, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { takeCodeAttempt } from "./limit-sign-in-attempts.ts";
import { redeemableCode } from "./redeemable-code.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { auditRefusal, startSession } from "./start-session.ts";
import { secondFactors, signInChallenges, users } from "./table.ts";

// The second step of a sign-in.
//   F1  the password comes first: a challenge exists only for one who knew it, for five minutes and five codes.
//   F2  a challenge and a code are spent in the commit that opens the session: two requests with one code open one.

const CHALLENGE_MS = 5 * MINUTE_MS;
const MAX_CODES = 5;

export async function hasSecondFactor(platform: PlatformContext, userId: string): Promise<boolean> {
  const rows = await platform.db
    .select({ userId: secondFactors.userId })
    .from(secondFactors)
    .where(and(eq(secondFactors.userId, userId), isNotNull(secondFactors.confirmedAt)))
    .limit(1);
  return rows.length > 0;
}

/** The problem that asks for the code, with the challenge to answer. `also` is stored with it. */
export async function challenged(
  platform: PlatformContext,
  userId: string,
  tenantAsked: string | null,
  also: Statement[],
): Promise<Problem> {
  const challenge = newSecret(platform, "ch_");
  const expiresAt = platform.clock.now() + CHALLENGE_MS;
  const row = { hash: digestOf(challenge), userId, tenantAsked, expiresAt };
  await platform.db.batch([platform.db.insert(signInChallenges).values(row), ...also]);
  return problem("second-factor-required", { members: { challenge, expiresAt: isoTime(expiresAt) } });
}

/** A session for the challenge of a right password and a code of the app, or a recovery code. */
export async function answerSecondFactor(platform: PlatformContext, answer: SecondFactorAnswer): Promise<SignedIn> {
  const challenge = await openChallenge(platform, answer.challenge);
  const [user] = await platform.db.select().from(users).where(eq(users.id, challenge.userId)).limit(1);
  if (user === undefined) throw refusedCode();
  const attempt = await takeCodeAttempt(platform, user.id);
  const redeemable = await redeemableCode(platform, user.id, answer.code);
  if (redeemable === null) {
    platform.later(auditRefusal(platform, user.id, "wrong-code"));
    throw refusedCode();
  }
  return startSession(platform, user, {
    tenantId: challenge.tenantAsked ?? undefined,
    change: [platform.db.delete(signInChallenges).where(eq(signInChallenges.hash, challenge.hash)), redeemable.spend],
    also: attempt.refund,
    conflict: refusedCode,
    method: redeemable.method,
  });
}

/** Counts the code against the challenge in the statement that finds it. */
async function openChallenge(platform: PlatformContext, challenge: string) {
  const [row] = await platform.db
    .update(signInChallenges)
    .set({ attempts: sql`${signInChallenges.attempts} + 1` })
    .where(
      and(
        eq(signInChallenges.hash, digestOf(challenge)),
        gt(signInChallenges.expiresAt, platform.clock.now()),
        lt(signInChallenges.attempts, MAX_CODES),
      ),
    )
    .returning();
  if (row === undefined) throw refusedCode();
  return row;
}

function refusedCode(): Problem {
  return problem("unauthenticated", { detail: "The challenge or the code is wrong or no longer valid." });
}
