import { and, eq, gt, isNull, lt, or, type SQL } from "drizzle-orm";
import type { Actor } from "../../domain/kernel/actor.ts";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import type { Principal } from "./principals.ts";
import { apiKeys, memberships } from "./table.ts";

// The time of last use is told to the minute: finer would cost a write a request.
const LAST_USED_STEP_MS = MINUTE_MS;

/** Who stands behind the living key that `names` finds. A key never does more than the member who made it may do now. */
export async function findApiKeyPrincipal(
  platform: PlatformContext,
  names: SQL | undefined,
): Promise<Principal | null> {
  const now = platform.clock.now();
  // across tenants: the credential is what names the tenant
  const [found] = await platform.db
    .select({ key: apiKeys, role: memberships.role })
    .from(apiKeys)
    .innerJoin(memberships, and(eq(memberships.tenantId, apiKeys.tenantId), eq(memberships.userId, apiKeys.createdBy)))
    .where(and(names, isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))))
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
