import { and, eq, isNull } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { refreshDecision, refreshExpiry, type TokenPair } from "../../domain/identity/session.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { tokenPair } from "./open-session.ts";
import { forgetPrincipals } from "./principals.ts";
import { digestOf, newSecret, successorOf } from "./secrets.ts";
import { memberships, refreshTokens, sessions } from "./table.ts";

interface Presented {
  token: typeof refreshTokens.$inferSelect;
  session: typeof sessions.$inferSelect;
  role: Role;
  isSuccessorUsed: boolean | null;
}

/** Exchanges a refresh token for the next pair of its session. The rules are those of domain/identity/session.ts. */
export async function refreshSession(platform: PlatformContext, refreshToken: string): Promise<TokenPair> {
  // The second look follows a lost race: the token is spent by then, so it is a repeat or a reuse.
  for (let look = 1; look <= 2; look++) {
    const presented = await findPresented(platform, digestOf(refreshToken));
    if (presented === null) break;
    const { token, session, isSuccessorUsed } = presented;
    switch (refreshDecision({ ...token, session, isSuccessorUsed }, platform.clock.now())) {
      case "rotate": {
        const successor = await rotate(platform, presented, refreshToken);
        if (successor !== null) return pairOf(platform, presented, successor);
        continue;
      }
      case "repeat":
        return pairOf(platform, presented, successorOf(refreshToken, token.successorSalt ?? ""));
      case "reuse":
        await endReusedSession(platform, presented);
        break;
      case "refuse":
        break;
    }
    break;
  }
  throw problem("unauthenticated", { detail: "The refresh token is not valid." });
}

async function findPresented(platform: PlatformContext, hash: string): Promise<Presented | null> {
  const successors = alias(refreshTokens, "successors");
  // across tenants: the digest of the secret is what names the tenant
  const [found] = await platform.db
    .select({ token: refreshTokens, session: sessions, role: memberships.role, successor: successors })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .innerJoin(memberships, and(eq(memberships.tenantId, sessions.tenantId), eq(memberships.userId, sessions.userId)))
    .leftJoin(successors, eq(successors.hash, refreshTokens.successorHash))
    .where(eq(refreshTokens.hash, hash))
    .limit(1);
  if (found === undefined) return null;
  return { ...found, isSuccessorUsed: found.successor === null ? null : found.successor.usedAt !== null };
}

/** Spends the token and stores its successor in one step; null when another request was first. */
async function rotate(platform: PlatformContext, presented: Presented, refreshToken: string): Promise<string | null> {
  const { token, session } = presented;
  const now = platform.clock.now();
  const successorSalt = newSecret(platform, "");
  const successor = successorOf(refreshToken, successorSalt);
  const successorHash = digestOf(successor);
  const isUnspent = and(eq(refreshTokens.hash, token.hash), isNull(refreshTokens.usedAt));
  try {
    await commit(contextOf(platform, presented), {
      change: [
        platform.db.update(refreshTokens).set({ usedAt: now, successorSalt, successorHash }).where(isUnspent),
        platform.db
          .update(sessions)
          .set({ lastSeenAt: now })
          .where(and(eq(sessions.tenantId, session.tenantId), eq(sessions.id, session.id), isNull(sessions.endedAt))),
        platform.db.insert(refreshTokens).values({
          hash: successorHash,
          sessionId: session.id,
          createdAt: now,
          expiresAt: refreshExpiry(now, session.expiresAt),
        }),
      ],
      audit: { action: "session.refreshed", target: { type: "session", id: session.id } },
    });
    return successor;
  } catch (error) {
    if (asProblem(error)?.code === "conflict") return null;
    throw error;
  }
}

async function endReusedSession(platform: PlatformContext, presented: Presented): Promise<void> {
  const { session } = presented;
  const isThis = and(eq(sessions.tenantId, session.tenantId), eq(sessions.id, session.id), isNull(sessions.endedAt));
  await commit(contextOf(platform, presented), {
    change: [],
    also: [platform.db.update(sessions).set({ endedAt: platform.clock.now() }).where(isThis)],
    audit: { action: "session.refresh-reused", target: { type: "session", id: session.id } },
  });
  forgetPrincipals(({ actor }) => actor.kind === "user" && actor.sessionId === session.id);
}

function contextOf(platform: PlatformContext, { session, role }: Presented): ServiceContext {
  const actor = { kind: "user", userId: session.userId, sessionId: session.id, role } as const;
  return { ...platform, tenant: { id: session.tenantId }, actor };
}

function pairOf(platform: PlatformContext, { session, role }: Presented, refreshToken: string): Promise<TokenPair> {
  const { userId, tenantId, id } = session;
  return tokenPair(platform, { userId, tenantId, sessionId: id, role }, refreshToken);
}
