import { and, eq, isNull } from "drizzle-orm";
import { isApiKeyForm, KEY_PREFIX } from "../../domain/identity/api-key.ts";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { PlatformContext } from "../context.ts";
import { findApiKeyPrincipal } from "./api-key-principal.ts";
import { findSession } from "./authenticate-bearer.ts";
import type { Credential, Principal } from "./principals.ts";
import { apiKeys } from "./table.ts";

export interface Identified {
  /** Names the credential in memory. */
  key: string;
  tenantId: string;
  /** `user:usr_...` or `key:key_...`: whom its calls are counted against. */
  principal: string;
  credential: Credential;
}

// What never changes of a credential is remembered for as long as the isolate lives.
const MAX_IDENTIFIED = 10_000;
const identified = new Map<string, Identified>();

/** The credential behind a token, or null for anything that is not one of ours. A signature is checked once an isolate. */
export async function identify(platform: PlatformContext, token: string): Promise<Identified | null> {
  const known = identified.get(token);
  if (known !== undefined) return isOver(known, platform.clock.now()) ? null : known;
  const isKey = token.startsWith(KEY_PREFIX);
  if (isKey && !isApiKeyForm(token)) return null;
  const found = isKey ? await identifyKey(platform, sha256Hex(token)) : await identifyToken(platform, token);
  if (found === null) return null;
  putLast(identified, token, found, MAX_IDENTIFIED);
  return found;
}

/** Who stands behind the credential now; null when it ended, or when it is not of this tenant. */
export async function findPrincipal(
  platform: PlatformContext,
  tenantId: string,
  credential: Credential,
): Promise<Principal | null> {
  const found =
    credential.kind === "session"
      ? await findSession(platform, credential.claims)
      : await findApiKeyPrincipal(platform, eq(apiKeys.hash, credential.hash));
  return found?.tenantId === tenantId ? found : null;
}

async function identifyToken(platform: PlatformContext, token: string): Promise<Identified | null> {
  const claims = await platform.ports.tokenSigner.verify(token);
  if (claims === null) return null;
  const { tenantId, userId } = claims;
  return { key: token, tenantId, principal: `user:${userId}`, credential: { kind: "session", claims } };
}

async function identifyKey(platform: PlatformContext, hash: string): Promise<Identified | null> {
  // across tenants: the digest of the secret is what names the tenant
  const [found] = await platform.db
    .select({ id: apiKeys.id, tenantId: apiKeys.tenantId })
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)))
    .limit(1);
  if (found === undefined) return null;
  return { key: hash, tenantId: found.tenantId, principal: `key:${found.id}`, credential: { kind: "api-key", hash } };
}

function isOver({ credential }: Identified, now: number): boolean {
  return credential.kind === "session" && credential.claims.expiresAt <= now;
}
