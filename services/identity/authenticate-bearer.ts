import { and, eq, gt, isNull, lt, or } from "drizzle-orm";
import { isApiKeyForm, KEY_PREFIX } from "../../domain/identity/api-key.ts";
import type { Actor } from "../../domain/kernel/actor.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import type { VerifiedClaims } from "./ports.ts";
import { type Principal, principalOf } from "./principals.ts";
import { apiKeys, memberships, sessions } from "./table.ts";

// The time of last use is told to the minute: finer would cost a write a request.
const LAST_USED_STEP_MS = MINUTE_MS;

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

async function findSession(platform: PlatformContext, claims: VerifiedClaims): Promise<Principal | null> {
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
  return principalOf(hash, platform.clock.now(), () => findApiKey(platform, hash));
}

/** A key belongs to its tenant and never does more than the member who made it may do now. */
async function findApiKey(platform: PlatformContext, hash: string): Promise<Principal | null> {
  const now = platform.clock.now();
  // across tenants: the digest of the secret is what names the tenant
  const [found] = await platform.db
    .select({ key: apiKeys, role: memberships.role })
    .from(apiKeys)
    .innerJoin(memberships, and(eq(memberships.tenantId, apiKeys.tenantId), eq(memberships.userId, apiKeys.createdBy)))
    .where(
      and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))),
    )
    .limit(1);
  if (found === undefined) return null;
  const { key, role } = found;
  if ((key.lastUsedAt ?? 0) < now - LAST_USED_STEP_MS) platform.later(noteUse(platform, key.tenantId, key.id, now));
  const actor: Actor = { kind: "api-key", keyId: key.id, createdBy: key.createdBy, role, scopes: key.scopes };
  return { tenantId: key.tenantId, actor, expiresAt: key.expiresAt };
}

async function noteUse(platform: PlatformContext, tenantId: string, keyId: string, now: number): Promise<void> {
  const isStale = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, now - LAST_USED_STEP_MS));
  await platform.db
    .update(apiKeys)
    .set({ lastUsedAt: now })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId), isStale));
}
