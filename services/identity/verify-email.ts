import { eq, sql } from "drizzle-orm";
import type { User } from "../../domain/identity/user.ts";
import { commit } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { accountContext } from "./account-context.ts";
import { redeemable, tokenSpent } from "./mailed-token.ts";
import { toUser, users } from "./table.ts";

/** Marks the address as its owner's. Who holds the token has read the mail, so no session is asked for. */
export async function verifyEmail(platform: PlatformContext, token: string): Promise<User> {
  const { userId, spend } = await redeemable(platform, "verify-email", token);
  const ctx = await accountContext(platform, userId);
  const emailVerifiedAt = sql`coalesce(${users.emailVerifiedAt}, ${platform.clock.now()})`;
  await commit(ctx, {
    change: [spend, platform.db.update(users).set({ emailVerifiedAt }).where(eq(users.id, userId))],
    audit: { action: "user.email-verified", target: { type: "user", id: userId } },
    conflict: tokenSpent,
  });
  const [row] = await platform.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (row === undefined) throw tokenSpent();
  return toUser(row);
}
