import { and, desc, eq, gt, isNull } from "drizzle-orm";
import type { Session } from "../../domain/identity/session.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { accountHolder } from "./account-holder.ts";
import { sessions } from "./table.ts";

/** The user's live sessions, newest first. */
export async function listSessions(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Session>> {
  const { userId, sessionId } = await accountHolder(ctx);
  const isLive = and(eq(sessions.userId, userId), isNull(sessions.endedAt), gt(sessions.expiresAt, ctx.clock.now()));
  // across tenants: a person's sessions are theirs in every tenant
  const rows = await ctx.db
    .select()
    .from(sessions)
    .where(and(isLive, olderThan(sessions.createdAt, sessions.id, cursor)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(limit + 1);
  return pageOf(
    rows,
    limit,
    (row) => [String(row.createdAt), row.id],
    (row) => toSession(row, sessionId),
  );
}

function toSession(row: typeof sessions.$inferSelect, currentId: string): Session {
  return {
    id: row.id,
    tenantId: row.tenantId,
    ip: row.ip,
    userAgent: row.userAgent,
    createdAt: isoTime(row.createdAt),
    lastSeenAt: isoTime(row.lastSeenAt),
    expiresAt: isoTime(row.expiresAt),
    isCurrent: row.id === currentId,
  };
}
