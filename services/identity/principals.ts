import type { Actor } from "../../domain/kernel/actor.ts";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import type { VerifiedClaims } from "./ports.ts";

// What an isolate remembers of the credentials it checked, so that most requests need no look-up.
//   R1  an answer is used for at most REMEMBERED_MS: the bound on how long a revocation may take elsewhere.
//   R2  in this isolate a revocation bites at once: forgetting also voids look-ups that are under way.
//   R3  only admitted credentials are remembered, and not more than MAX_REMEMBERED.

/** What a bearer token says of itself, proven by its signature or its digest. Whether it still holds is another question. */
export type Credential = { kind: "session"; claims: VerifiedClaims } | { kind: "api-key"; hash: string };

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
  const before = revocations;
  const principal = await load();
  remembered.delete(key);
  if (principal === null || isOver(principal, now)) return null;
  rememberPrincipal(key, principal, now + REMEMBERED_MS, before);
  return principal;
}

/** What is remembered of a credential; null when nothing is, or when it is over. */
export function rememberedPrincipal(key: string, now: number): Principal | null {
  const known = remembered.get(key);
  return known === undefined || known.until <= now || isOver(known.principal, now) ? null : known.principal;
}

/** Remembers an answer, unless something was revoked since `before`, the count at which it was asked for. */
export function rememberPrincipal(key: string, principal: Principal, until: number, before: number): void {
  if (revocations !== before) return;
  putLast(remembered, key, { principal, until }, MAX_REMEMBERED);
}

/** How often this isolate revoked something: whoever asks elsewhere for what was revoked asks for fresh knowledge. */
export function revocationCount(): number {
  return revocations;
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

/** Whether the credential itself has ended. */
export function isOver({ expiresAt }: Principal, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
