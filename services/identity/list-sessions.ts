import { and, desc, eq, gt, isNull } from "drizzle-orm";
import type { Session } from "../../domain/identity/session.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { accountHolder } from "./account-holder.ts";
import { sessions } from "./table.ts";

/** The user's live sessions, newest first. */
export async function listSessions(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Session>> {
  const { userId, sessionId } = await accountHolder(ctx);
  // across tenants: a person's sessions are theirs in every tenant
  const rows = await ctx.db
    .select()
    .from(sessions)
    .where(and(isLive(ctx, userId), olderThan(sessions.createdAt, sessions.id, cursor)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(limit + 1);
  return pageOf(
    rows,
    limit,
    (row) => [String(row.createdAt), row.id],
    (row) => toSession(row, sessionId),
  );
}

/** One of the user's own live sessions, in whichever tenant it works. */
export async function getSession(ctx: ServiceContext, id: string): Promise<Session> {
  const { userId, sessionId } = await accountHolder(ctx);
  // across tenants: a person's sessions are theirs in every tenant
  const [row] = await ctx.db
    .select()
    .from(sessions)
    .where(and(isLive(ctx, userId), eq(sessions.id, id)))
    .limit(1);
  if (row === undefined) throw notFound("session");
  return toSession(row, sessionId);
}

function isLive(ctx: ServiceContext, userId: string) {
  return and(eq(sessions.userId, userId), isNull(sessions.endedAt), gt(sessions.expiresAt, ctx.clock.now()));
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
