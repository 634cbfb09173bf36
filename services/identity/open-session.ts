import { ACCESS_TOKEN_SECONDS, refreshExpiry, SESSION_LIFE_MS, type TokenPair } from "../../domain/identity/session.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { digestOf, newSecret } from "./secrets.ts";
import { refreshTokens, sessions } from "./table.ts";

interface NewSession {
  userId: string;
  tenantId: string;
  role: Role;
  /** The absolute end, when the session continues an older one. */
  expiresAt?: number;
  via?: "openid";
}

export interface OpenedSession {
  id: string;
  /** What stores the session; the tokens are worth nothing before it has been committed. */
  statements: [Statement, Statement];
  tokens(): Promise<TokenPair>;
}

export function openSession(platform: PlatformContext, request: NewSession): OpenedSession {
  const now = platform.clock.now();
  const id = platform.ids.next("ses");
  const refreshToken = newSecret(platform, "rt_");
  const { userId, tenantId, role, expiresAt = now + SESSION_LIFE_MS, via = null } = request;
  return {
    id,
    statements: [
      platform.db
        .insert(sessions)
        .values({ id, tenantId, userId, ...platform.client, createdAt: now, lastSeenAt: now, expiresAt, via }),
      platform.db.insert(refreshTokens).values({
        hash: digestOf(refreshToken),
        sessionId: id,
        createdAt: now,
        expiresAt: refreshExpiry(now, expiresAt),
      }),
    ],
    async tokens() {
      return tokenPair(platform, { userId, tenantId, sessionId: id, role }, refreshToken);
    },
  };
}

export async function tokenPair(
  platform: PlatformContext,
  claims: { userId: string; tenantId: string; sessionId: string; role: Role },
  refreshToken: string,
): Promise<TokenPair> {
  const accessToken = await platform.ports.tokenSigner.sign(claims, ACCESS_TOKEN_SECONDS);
  return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS, refreshToken };
}
