import { and, eq } from "drizzle-orm";
import type { Login, SignedIn } from "../../domain/identity/user.ts";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { type Attempt, isTimeToTell, takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { challenged, hasSecondFactor } from "./second-factor-challenge.ts";
import { auditRefusal, startSession, type UserRow } from "./start-session.ts";
import { users } from "./table.ts";

/** A new session for an e-mail and a password. An unknown e-mail does the same work and gets the same answer. */
export async function logIn(platform: PlatformContext, input: Login): Promise<SignedIn> {
  const attempt = await takeOrTell(platform, input.email);
  const [user] = await platform.db.select().from(users).where(eq(users.email, input.email)).limit(1);
  const hasher = platform.ports.passwordHasher;
  if (user === undefined) {
    await hasher.verifyNobody(input.password);
    throw refused();
  }
  const { matches, needsRehash } = await hasher.verify(input.password, user.passwordHash);
  if (!matches) {
    platform.later(auditRefusal(platform, user.id, "wrong-password"));
    throw refused();
  }
  const rehash = needsRehash ? [rehashed(platform, user, await hasher.hash(input.password))] : [];
  if (await hasSecondFactor(platform, user.id)) {
    // The attempt is given back only when the code was right as well.
    throw await challenged(platform, user.id, input.tenantId ?? null, rehash);
  }
  return startSession(platform, user, { tenantId: input.tenantId, also: [...attempt.refund, ...rehash] });
}

/** Attempts that are too many are told to the log of whom they are against, from time to time. */
async function takeOrTell(platform: PlatformContext, email: string): Promise<Attempt> {
  try {
    return await takeSignInAttempt(platform, email);
  } catch (error) {
    if (asProblem(error)?.code === "rate-limited") platform.later(tellRateLimited(platform, email));
    throw error;
  }
}

async function tellRateLimited(platform: PlatformContext, email: string): Promise<void> {
  const [user] = await platform.db.select({ id: users.id }).from(users).where(eq(users.email, email)).limit(1);
  if (user === undefined || !(await isTimeToTell(platform, email))) return;
  await auditRefusal(platform, user.id, "rate-limited");
}

function refused() {
  return problem("unauthenticated", { detail: "The e-mail address or the password is wrong." });
}

function rehashed(platform: PlatformContext, user: UserRow, passwordHash: string): Statement {
  const isUnchanged = and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash));
  return platform.db.update(users).set({ passwordHash }).where(isUnchanged);
}
