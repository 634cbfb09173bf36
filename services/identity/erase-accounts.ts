import { and, asc, eq, isNull, lte } from "drizzle-orm";
import { commit, PLATFORM_TENANT } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { openClosure } from "./closure.ts";
import { closures, mails } from "./table.ts";

const AT_ONCE = 50;

/** Ends the time in which deleted accounts may come back: what was kept of them goes, and the mail that told of it. Run by the clock. */
export async function eraseAccounts(platform: PlatformContext): Promise<void> {
  const { db } = platform;
  const isDue = and(isNull(closures.tenantId), lte(closures.expiresAt, platform.clock.now()));
  const rows = await db.select().from(closures).where(isDue).orderBy(asc(closures.expiresAt)).limit(AT_ONCE);
  for (const row of rows) {
    const closed = await openClosure(platform, row);
    if (closed.kind !== "account") continue;
    const { user } = closed.person;
    const ctx = { ...platform, tenant: { id: PLATFORM_TENANT }, actor: { kind: "system", name: "erasure" } as const };
    await commit(ctx, {
      // across tenants: an account's row names none
      change: db.delete(closures).where(eq(closures.hash, row.hash)),
      also: [db.delete(mails).where(eq(mails.recipient, user.email))],
      audit: { action: "user.erased", target: { type: "user", id: user.id } },
    });
  }
}
