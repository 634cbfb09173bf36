import { and, asc, eq, isNull, lte } from "drizzle-orm";
import { commit, PLATFORM_TENANT } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { openClosure } from "./closure.ts";
import { personStores } from "./person-stores.ts";
import { closures } from "./table.ts";

const AT_ONCE = 50;

/**
 * Ends the time in which deleted accounts may come back: what was kept of them goes, and the mail that told of it. Every store is
 * counted and emptied once more, since a request that was under way at the deletion may have left something. Run by the clock.
 */
export async function eraseAccounts(platform: PlatformContext): Promise<void> {
  const { db } = platform;
  const isDue = and(isNull(closures.tenantId), lte(closures.expiresAt, platform.clock.now()));
  const rows = await db.select().from(closures).where(isDue).orderBy(asc(closures.expiresAt)).limit(AT_ONCE);
  for (const row of rows) {
    const closed = await openClosure(platform, row);
    if (closed.kind !== "account") continue;
    const { user } = closed.person;
    const stores = personStores(platform, user);
    const counts = await Promise.all(stores.map(({ found }) => found()));
    const removed = Object.fromEntries(stores.map(({ name }, n) => [name, counts[n] ?? 0]));
    const ctx = { ...platform, tenant: { id: PLATFORM_TENANT }, actor: { kind: "system", name: "erasure" } as const };
    await commit(ctx, {
      // across tenants: an account's row names none
      change: db.delete(closures).where(eq(closures.hash, row.hash)),
      also: stores.map(({ remove }) => remove),
      audit: {
        action: "user.erased",
        target: { type: "user", id: user.id },
        details: { rows: { closures: 1, ...removed }, tombstone: tombstoneOf(platform, user.email) },
      },
    });
  }
}

/** Tells whether an address is one that was erased to who holds the platform's keys, and nothing to anybody else. */
export function tombstoneOf({ ports }: PlatformContext, email: string): string | null {
  return ports.secretDeriver.derive(`tombstone:${email}`)[0] ?? null;
}
