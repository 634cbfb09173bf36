import type { Actor } from "../../domain/kernel/actor.ts";

// What an isolate remembers of the credentials it checked, so that most requests need no look-up.
//   R1  an answer is used for at most REMEMBERED_MS: the bound on how long a revocation may take elsewhere.
//   R2  in this isolate a revocation bites at once: forgetting also voids look-ups that are under way.
//   R3  only admitted credentials are remembered, and not more than MAX_REMEMBERED.

export interface Principal {
  tenantId: string;
  actor: Actor;
  /** When the credential itself ends; null for never. */
  expiresAt: number | null;
}

const REMEMBERED_MS = 3_000;
const MAX_REMEMBERED = 10_000;

const remembered = new Map<string, { principal: Principal; until: number }>();
let revocations = 0;

/** The principal behind a credential's key: as remembered, else as `load` finds it. */
export async function principalOf(
  key: string,
  now: number,
  load: () => Promise<Principal | null>,
): Promise<Principal | null> {
  const known = remembered.get(key);
  if (known !== undefined && known.until > now) return isOver(known.principal, now) ? null : known.principal;
  const revocationsBefore = revocations;
  const principal = await load();
  remembered.delete(key);
  if (principal === null || isOver(principal, now)) return null;
  if (revocations === revocationsBefore) remember(key, { principal, until: now + REMEMBERED_MS });
  return principal;
}

/** To be called after every commit that ends or narrows what a credential may do. */
export function forgetPrincipals(isMeant: (principal: Principal) => boolean): void {
  revocations += 1;
  for (const [key, { principal }] of remembered) {
    if (isMeant(principal)) remembered.delete(key);
  }
}

/** The sessions and the API keys of one member. */
export function ofMember(tenantId: string, userId: string): (principal: Principal) => boolean {
  return (principal) => principal.tenantId === tenantId && ofUser(userId)(principal);
}

export function ofUser(userId: string): (principal: Principal) => boolean {
  return ({ actor }) =>
    (actor.kind === "user" && actor.userId === userId) || (actor.kind === "api-key" && actor.createdBy === userId);
}

function remember(key: string, entry: { principal: Principal; until: number }): void {
  if (remembered.size >= MAX_REMEMBERED) {
    const [oldest] = remembered.keys();
    if (oldest !== undefined) remembered.delete(oldest);
  }
  remembered.set(key, entry);
}

function isOver({ expiresAt }: Principal, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
