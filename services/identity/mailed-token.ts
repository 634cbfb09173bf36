import { and, eq, gt, isNull } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { mailedTokens } from "./table.ts";

type Purpose = (typeof mailedTokens.$inferSelect)["purpose"];

const PREFIX: Record<Purpose, string> = { "verify-email": "ev_", "reset-password": "pr_" };

/** A single-use secret for a link in a mail, and the statement that stores its digest. */
export function mailedToken(
  platform: PlatformContext,
  of: { purpose: Purpose; userId: string; lifeMs: number },
): { token: string; statement: Statement } {
  const token = newSecret(platform, PREFIX[of.purpose]);
  const createdAt = platform.clock.now();
  const row = { hash: digestOf(token), purpose: of.purpose, userId: of.userId, createdAt };
  return {
    token,
    statement: platform.db.insert(mailedTokens).values({ ...row, expiresAt: createdAt + of.lifeMs }),
  };
}

/** Whose token this is, and the statement that spends it once. */
export async function redeemable(
  platform: PlatformContext,
  purpose: Purpose,
  token: string,
): Promise<{ userId: string; spend: Statement }> {
  const now = platform.clock.now();
  const isUnspent = and(
    eq(mailedTokens.hash, digestOf(token)),
    eq(mailedTokens.purpose, purpose),
    isNull(mailedTokens.usedAt),
    gt(mailedTokens.expiresAt, now),
  );
  const [row] = await platform.db.select({ userId: mailedTokens.userId }).from(mailedTokens).where(isUnspent).limit(1);
  if (row === undefined) throw tokenSpent();
  return { userId: row.userId, spend: platform.db.update(mailedTokens).set({ usedAt: now }).where(isUnspent) };
}

export function tokenSpent() {
  return problem("validation-failed", { errors: [{ pointer: "/token", detail: "is not valid or no longer valid" }] });
}
