import { and, eq, isNull } from "drizzle-orm";
import { isApiKeyForm, KEY_PREFIX } from "../../domain/identity/api-key.ts";
import type { Actor } from "../../domain/kernel/actor.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { PlatformContext } from "../context.ts";
import { findApiKeyPrincipal } from "./api-key-principal.ts";
import type { VerifiedClaims } from "./ports.ts";
import { type Principal, principalOf } from "./principals.ts";
import { apiKeys, memberships, sessions } from "./table.ts";

/** Who stands behind an access token or an API key, with the role that the membership gives now; null for anything else. */
export async function authenticateBearer(
  platform: PlatformContext,
  token: string,
): Promise<{ tenantId: string; actor: Actor } | null> {
  return token.startsWith(KEY_PREFIX) ? behindApiKey(platform, token) : behindAccessToken(platform, token);
}

/** Remembered by the token itself, so that its signature, too, is checked once in a while and not once a request. */
function behindAccessToken(platform: PlatformContext, token: string): Promise<Principal | null> {
  return principalOf(token, platform.clock.now(), async () => {
    const claims = await platform.ports.tokenSigner.verify(token);
    return claims === null ? null : findSession(platform, claims);
  });
}

/** The member behind a session that has not ended. */
export async function findSession(platform: PlatformContext, claims: VerifiedClaims): Promise<Principal | null> {
  const { sessionId, tenantId, userId } = claims;
  const [found] = await platform.db
    .select({ role: memberships.role, expiresAt: sessions.expiresAt })
    .from(sessions)
    .innerJoin(memberships, and(eq(memberships.tenantId, sessions.tenantId), eq(memberships.userId, sessions.userId)))
    .where(
      and(
        eq(sessions.id, sessionId),
        eq(sessions.tenantId, tenantId),
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
      ),
    )
    .limit(1);
  if (found === undefined) return null;
  const expiresAt = Math.min(found.expiresAt, claims.expiresAt);
  return { tenantId, actor: { kind: "user", userId, sessionId, role: found.role }, expiresAt };
}

async function behindApiKey(platform: PlatformContext, key: string): Promise<Principal | null> {
  if (!isApiKeyForm(key)) return null;
  const hash = sha256Hex(key);
  return principalOf(hash, platform.clock.now(), () => findApiKeyPrincipal(platform, eq(apiKeys.hash, hash)));
}
