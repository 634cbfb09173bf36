import { and, eq, gt } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { AskedTask, Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import type { MembershipRow, PersonRows } from "./person-rows.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { mailTask } from "./send-mail.ts";
import { closures } from "./table.ts";

// What is deleted is out of every table at once, and may come back for a while.
//   D1  what brings it back rests sealed in one row, found by a token that only the mail has; the row goes with its time.
//   D2  a token works once, until the erasure begins.

/** What is needed to undo a deletion. */
export type Closed =
  | { kind: "account"; person: PersonRows; tenantIds: string[] }
  | { kind: "tenant"; tenantId: string; memberships: MembershipRow[] };

export interface Closure {
  statement: Statement;
  notice(to: string, what: string): Promise<AskedTask>;
}

/** Keeps what was closed, for the commit that closes it. */
export async function closureOf(platform: PlatformContext, closed: Closed): Promise<Closure> {
  const token = newSecret(platform, "rs_");
  const hash = digestOf(token);
  const expiresAt = platform.clock.now() + platform.settings.erasureAfterMs;
  const tenantId = closed.kind === "tenant" ? closed.tenantId : null;
  const sealed = await platform.ports.secretBox.seal(JSON.stringify(closed), contextOf(hash));
  return {
    statement: platform.db.insert(closures).values({ hash, tenantId, sealed, expiresAt }),
    notice: (to, what) =>
      mailTask(platform, {
        to,
        subject: `${what} was deleted`,
        text: [
          `${what} was deleted. It is erased on ${isoTime(expiresAt).slice(0, 10)}, and until then this link brings it back:`,
          `${platform.settings.publicUrl}/restore?token=${token}`,
          "If this was meant, there is nothing to do.",
        ].join("\n\n"),
      }),
  };
}

/** What the token may bring back, and the statement that spends it. */
export async function redeemClosure(
  platform: PlatformContext,
  token: string,
): Promise<{ closed: Closed; spend: Statement }> {
  const isOpen = and(eq(closures.hash, digestOf(token)), gt(closures.expiresAt, platform.clock.now()));
  // across tenants: the digest of the secret is what names the tenant
  const [row] = await platform.db.select().from(closures).where(isOpen).limit(1);
  if (row === undefined) throw tokenSpent();
  const closed = await openClosure(platform, row);
  // across tenants: the digest of the secret is what names the tenant
  return { closed, spend: platform.db.delete(closures).where(isOpen) };
}

export async function openClosure(platform: PlatformContext, row: typeof closures.$inferSelect): Promise<Closed> {
  return JSON.parse(await platform.ports.secretBox.open(row.sealed, contextOf(row.hash))) as Closed;
}

function contextOf(hash: string): string {
  return `closure:${hash}`;
}

function tokenSpent() {
  return problem("validation-failed", { errors: [{ pointer: "/token", detail: "is not valid or no longer valid" }] });
}
