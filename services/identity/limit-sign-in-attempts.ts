import { eq, sql } from "drizzle-orm";
import { addressBlock } from "../../domain/kernel/address.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/kernel/time.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { signInAttempts } from "./table.ts";

// Stands before the hash, so that guessing costs us nothing and gains nobody anything.
//   L1  counted against the address together with the e-mail, the e-mail, and the address; all allow, or none pays.
//   L2  an attempt that succeeds is given back: only failures use up the allowance.
// The generic cell rate algorithm: one time a subject says when nothing is owed.

interface AttemptRate {
  burst: number;
  everyMs: number;
}

const GUESSES: AttemptRate = { burst: 10, everyMs: MINUTE_MS };
// Wider, or one attacker could lock the owner of an e-mail out from everywhere.
const GUESSES_FROM_ANYWHERE: AttemptRate = { burst: 100, everyMs: 30 * SECOND_MS };
const SPRAY: AttemptRate = { burst: 100, everyMs: 2 * SECOND_MS };

// Three codes in a million are right at any time: a day of guessing finds one with less than a tenth of a percent.
const CODES: AttemptRate = { burst: 10, everyMs: 5 * MINUTE_MS };

// An office behind one address may register in a morning; what goes on all day fills the database. Success is not given back.
const REGISTRATIONS: AttemptRate = { burst: 100, everyMs: MINUTE_MS };
// A team that moves in invites everybody on one day.
const INVITATIONS: AttemptRate = { burst: 200, everyMs: MINUTE_MS };
const INVITATIONS_TO_ONE: AttemptRate = { burst: 10, everyMs: 10 * MINUTE_MS };
// Telling of refused attempts must cost less than the attempts that were refused.
const TOLD: AttemptRate = { burst: 1, everyMs: 10 * MINUTE_MS };

export interface Attempt {
  /** Statements that give the attempt back, for the commit of its success. */
  refund: Statement[];
}

/** Counts an attempt against everything it may be counted against, or throws `rate-limited`. Mails asked for count apart from guesses. */
export async function takeSignInAttempt(
  platform: PlatformContext,
  email: string,
  kind: "guess" | "mail" = "guess",
): Promise<Attempt> {
  const ip = callerBlock(platform);
  return take(platform, [
    { subject: `${kind}:pair:${ip}:${email}`, rate: GUESSES },
    { subject: `${kind}:email:${email}`, rate: GUESSES_FROM_ANYWHERE },
    { subject: `${kind}:ip:${ip}`, rate: SPRAY },
  ]);
}

/** Counts a one-time code against its owner: six digits need a narrower door than passwords. */
export async function takeCodeAttempt(platform: PlatformContext, userId: string): Promise<Attempt> {
  return take(platform, [{ subject: `code:${userId}`, rate: CODES }]);
}

/** Counts an account that an address is about to make, whatever becomes of it. */
export async function takeRegistration(platform: PlatformContext): Promise<void> {
  await take(platform, [{ subject: `register:ip:${callerBlock(platform)}`, rate: REGISTRATIONS }]);
}

/** Counts a sign-in that begins at a tenant's issuer. By address alone: a whole office may come at nine, and nobody locks a tenant out. */
export async function takeOpenIdStart(platform: PlatformContext): Promise<void> {
  await take(platform, [{ subject: `openid:ip:${callerBlock(platform)}`, rate: SPRAY }]);
}

/** Counts an invitation before its mail: nobody floods a mailbox, or strangers' mailboxes, with a tenant's name. */
export async function takeInvitation(platform: PlatformContext, tenantId: string, email: string): Promise<void> {
  await take(platform, [
    { subject: `invite:tenant:${tenantId}`, rate: INVITATIONS },
    { subject: `invite:email:${email}`, rate: INVITATIONS_TO_ONE },
  ]);
}

/** Whether it is time again to tell the owner of an e-mail that attempts to sign in were refused. */
export async function isTimeToTell(platform: PlatformContext, email: string): Promise<boolean> {
  const told = { subject: `told:${email}`, rate: TOLD };
  return (await takeStatement(platform, told, platform.clock.now())).length > 0;
}

function callerBlock({ client }: PlatformContext): string {
  return client.ip === null ? "unknown" : addressBlock(client.ip);
}

async function take(platform: PlatformContext, counted: [Counted, ...Counted[]]): Promise<Attempt> {
  const now = platform.clock.now();
  const [first, ...others] = counted;
  const answers = await platform.db.batch([
    takeStatement(platform, first, now),
    ...others.map((one) => takeStatement(platform, one, now)),
  ]);
  const taken = counted.filter((_, index) => answers[index]?.length === 1);
  const refund = taken.map((one) => refundStatement(platform, one));
  if (taken.length === counted.length) return { refund };

  const [firstRefund, ...otherRefunds] = refund;
  if (firstRefund !== undefined) await platform.db.batch([firstRefund, ...otherRefunds]);
  const waits = counted.filter((one) => !taken.includes(one)).map(({ rate }) => rate.everyMs);
  throw problem("rate-limited", {
    detail: "Too many attempts. Wait before the next one.",
    retryAfterSeconds: Math.max(...waits) / SECOND_MS,
  });
}

interface Counted {
  subject: string;
  rate: AttemptRate;
}

function takeStatement(platform: PlatformContext, { subject, rate }: Counted, now: number) {
  const owedFrom = sql`max(${signInAttempts.fullAt}, ${now})`;
  return platform.db
    .insert(signInAttempts)
    .values({ subject: sha256Hex(subject), fullAt: now + rate.everyMs })
    .onConflictDoUpdate({
      target: signInAttempts.subject,
      set: { fullAt: sql`${owedFrom} + ${rate.everyMs}` },
      setWhere: sql`${owedFrom} - ${now} <= ${(rate.burst - 1) * rate.everyMs}`,
    })
    .returning({ subject: signInAttempts.subject });
}

function refundStatement(platform: PlatformContext, { subject, rate }: Counted): Statement {
  return platform.db
    .update(signInAttempts)
    .set({ fullAt: sql`${signInAttempts.fullAt} - ${rate.everyMs}` })
    .where(eq(signInAttempts.subject, sha256Hex(subject)));
}
