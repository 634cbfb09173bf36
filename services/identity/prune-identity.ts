import { lt } from "drizzle-orm";
import { DAY_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { mailedTokens, openIdSignIns, refreshTokens, signInAttempts, signInChallenges } from "./table.ts";

// Spent and expired secrets are kept a while, so that a late use is still recognised as one.
const KEPT_AFTER_END_MS = 7 * DAY_MS;

/** Forgets attempts that owe nothing and secrets long past their end. */
export async function pruneIdentity(platform: PlatformContext): Promise<void> {
  const now = platform.clock.now();
  await platform.db.batch([
    platform.db.delete(signInAttempts).where(lt(signInAttempts.fullAt, now)),
    // across tenants: a sign-in past its time is of use to nobody.
    platform.db.delete(openIdSignIns).where(lt(openIdSignIns.expiresAt, now)),
    platform.db.delete(signInChallenges).where(lt(signInChallenges.expiresAt, now)),
    platform.db.delete(refreshTokens).where(lt(refreshTokens.expiresAt, now - KEPT_AFTER_END_MS)),
    platform.db.delete(mailedTokens).where(lt(mailedTokens.expiresAt, now - KEPT_AFTER_END_MS)),
  ]);
}
