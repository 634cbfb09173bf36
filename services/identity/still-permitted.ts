import type { Permission } from "../../domain/kernel/permission.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { isPermitted, type PlatformContext } from "../context.ts";
import { findPrincipal, identify } from "./credential.ts";
import { revocationCount } from "./principals.ts";

/** With what a client still has on its way, within the bound on every revocation. */
const LOOK_EVERY_MS = 2 * SECOND_MS;

/**
 * Asked again and again by what goes on after a request was let in: whether its credential still allows it. An access token
 * that grows old in the meantime is no reason to end, a session that ended is. Looks at most every two seconds, and at once
 * when this isolate revoked something.
 */
export async function stillPermitted(
  platform: PlatformContext,
  token: string,
  permission: Permission,
): Promise<() => Promise<boolean>> {
  const caller = await identify(platform, token);
  let lookedAt = platform.clock.now();
  let revocations = revocationCount();
  return async () => {
    if (caller === null) return false;
    const now = platform.clock.now();
    if (now - lookedAt < LOOK_EVERY_MS && revocations === revocationCount()) return true;
    [lookedAt, revocations] = [now, revocationCount()];
    const principal = await findPrincipal(platform, caller.tenantId, caller.credential);
    return principal !== null && isPermitted(principal.actor, permission);
  };
}
