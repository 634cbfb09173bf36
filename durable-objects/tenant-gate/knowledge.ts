import type { PlatformContext } from "../../services/context.ts";
import { type Credential, findPrincipal } from "../../services/identity/credential.ts";
import type { Principal } from "../../services/identity/principals.ts";
import { findStanding, type Standing } from "../../services/limits/find-standing.ts";
import { KNOWN_MS } from "../../services/limits/leases.ts";

interface Known<T> {
  /** When the reading began: what it says was true then or later. */
  at: number;
  value: Promise<T>;
}

const MAX_PRINCIPALS = 5_000;

/** What the gate read from the database lately. Calls that ask at the same time share one reading, unless they need a fresh one. */
export class Knowledge {
  readonly #platform: PlatformContext;
  readonly #tenantId: string;
  readonly #principals = new Map<string, Known<Principal | null>>();
  #standing: Known<Standing> | null = null;

  constructor(platform: PlatformContext, tenantId: string) {
    this.#platform = platform;
    this.#tenantId = tenantId;
  }

  standing(isFresh: boolean): Promise<Standing> {
    if (isFresh || !this.#isYoung(this.#standing)) {
      const read = findStanding(this.#platform, this.#tenantId);
      const known = { at: this.#platform.clock.now(), value: read };
      this.#standing = known;
      // A failed reading is nothing known.
      read.catch(() => {
        if (this.#standing === known) this.#standing = null;
      });
    }
    // The branch above leaves one.
    return (this.#standing as Known<Standing>).value;
  }

  principal(credential: Credential, isFresh: boolean): Promise<Principal | null> {
    const key = keyOf(credential);
    const before = this.#principals.get(key) ?? null;
    if (!isFresh && this.#isYoung(before) && before !== null) return before.value;
    const value = findPrincipal(this.#platform, this.#tenantId, credential);
    const known = { at: this.#platform.clock.now(), value };
    this.#principals.delete(key);
    this.#principals.set(key, known);
    const [oldest] = this.#principals.keys();
    if (this.#principals.size > MAX_PRINCIPALS && oldest !== undefined) this.#principals.delete(oldest);
    value.catch(() => {
      if (this.#principals.get(key) === known) this.#principals.delete(key);
    });
    return value;
  }

  #isYoung(known: Known<unknown> | null): boolean {
    return known !== null && this.#platform.clock.now() - known.at < KNOWN_MS;
  }
}

/** A session's tokens end at times of their own, and an answer holds for one of them. */
function keyOf(credential: Credential): string {
  if (credential.kind === "api-key") return credential.hash;
  return `${credential.claims.sessionId}:${credential.claims.expiresAt}`;
}
