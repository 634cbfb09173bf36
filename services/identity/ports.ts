import type { IssuedIdentity } from "../../domain/identity/openid.ts";
import type { Role } from "../../domain/kernel/permission.ts";

/** Slow, salted hashing of passwords. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** `needsRehash` tells that the stored parameters are weaker than today's. Takes the same time for any stored record. */
  verify(password: string, stored: string): Promise<{ matches: boolean; needsRehash: boolean }>;
  /** Does the work of `verify` for nobody, so that an unknown e-mail takes as long as a known one. */
  verifyNobody(password: string): Promise<void>;
}

export interface AccessClaims {
  userId: string;
  tenantId: string;
  sessionId: string;
  role: Role;
}

export interface VerifiedClaims extends AccessClaims {
  /** From this time on the token is no longer taken. */
  expiresAt: number;
}

/** Signed access tokens (RFC 9068) and the keys that verify them. */
export interface TokenSigner {
  sign(claims: AccessClaims, ttlSeconds: number): Promise<string>;
  /** `null` for any token that is not exactly ours and valid now. */
  verify(token: string): Promise<VerifiedClaims | null>;
  /** RFC 7517 key set, public halves only. */
  jwks(): Promise<{ keys: Record<string, unknown>[] }>;
}

export interface Mail {
  /** The same in every attempt to send it. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html?: string;
}

export interface Mailer {
  /** May be asked again for a mail that left already. */
  send(mail: Mail): Promise<void>;
}

/** Secrets that follow from a master key and a purpose, and are therefore kept nowhere. */
export interface PersonKey {
  userId: string;
  /** Sealed. */
  key: string;
  createdAt: number;
}

/** A key for every person: what is sealed with it cannot be read any more once it is dropped with the account. */
export interface PersonKeys {
  /** A key for somebody new, to be stored in the commit that makes the account. */
  make(userId: string): Promise<PersonKey>;
  /** The text sealed as one about this person; null when nobody is left whom it could be about. */
  seal(userId: string, plain: string, context: string): Promise<string | null>;
  /** What was sealed, opened where the key is still there; the answers stand in the order of the questions. */
  open(questions: readonly { sealed: string | null; context: string }[]): Promise<(string | null)[]>;
  /** To be called once a commit dropped the key. */
  forget(userId: string): void;
}

export interface SecretDeriver {
  /** One for each master key; the first is what is handed out, all are taken. */
  derive(purpose: string): string[];
}

export interface CodeExchange {
  issuer: string;
  clientId: string;
  clientSecret: string | null;
  code: string;
  codeVerifier: string;
  redirectUri: string;
  nonce: string;
}

/** The issuers through which tenants let their members sign in. */
export interface OpenIdIssuers {
  /** Throws when the issuer does not answer as one. */
  authorizationEndpoint(issuer: string): Promise<string>;
  /** Who stands behind a code; throws `unauthenticated` unless the issuer's token is valid and meant for this sign-in. */
  exchange(exchange: CodeExchange): Promise<IssuedIdentity>;
}
