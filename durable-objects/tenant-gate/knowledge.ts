import { putLast } from "../../domain/kernel/bounded-map.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../../services/context.ts";
import { findPrincipal } from "../../services/identity/credential.ts";
import type { Credential, Principal } from "../../services/identity/principals.ts";
import { findStanding, type Standing } from "../../services/limits/find-standing.ts";
import { KNOWN_MS } from "../../services/limits/leases.ts";
import { Reading } from "./reading.ts";

const MAX_PRINCIPALS = 5_000;

/** What the gate knows from the database: how its tenant stands, and who is behind the credentials that call. */
export class Knowledge {
  readonly #platform: PlatformContext;
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #principals = new Map<string, Reading<Principal | null>>();
  readonly #standing: Reading<Standing>;

  constructor(platform: PlatformContext, tenantId: string) {
    this.#platform = platform;
    this.#tenantId = tenantId;
    this.#clock = platform.clock;
    this.#standing = new Reading(() => findStanding(platform, tenantId), platform.clock, KNOWN_MS);
  }

  standing(isFresh: boolean): Promise<Standing> {
    return this.#standing.get(isFresh);
  }

  principal(credential: Credential, isFresh: boolean): Promise<Principal | null> {
    const key = keyOf(credential);
    let reading = this.#principals.get(key);
    if (reading === undefined) {
      const read = () => findPrincipal(this.#platform, this.#tenantId, credential);
      reading = new Reading(read, this.#clock, KNOWN_MS);
    }
    putLast(this.#principals, key, reading, MAX_PRINCIPALS);
    return reading.get(isFresh);
  }
}

/** A session's tokens end at times of their own, and an answer holds for one of them. */
function keyOf(credential: Credential): string {
  if (credential.kind === "api-key") return credential.hash;
  const { sessionId, userId, expiresAt } = credential.claims;
  return `${sessionId}:${userId}:${expiresAt}`;
}
