import { calculateJwkThumbprint, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { Role } from "../../domain/kernel/permission.ts";
import { type Clock, SECOND_MS } from "../../domain/kernel/time.ts";
import type { TokenSigner, VerifiedClaims } from "../../services/identity/ports.ts";

// Access tokens of RFC 9068, checked as RFC 8725 asks.
//   T1  one algorithm: nothing in a token chooses how it is verified, its `kid` only picks among our keys.
//   T2  every claim is demanded and compared; the library's defaults demand none of them.
//   T3  whatever is wrong with a token, the answer is null: some faults surface as plain TypeErrors.

const ALGORITHM = "EdDSA";
const TYPE = "at+jwt";
const CLOCK_TOLERANCE_SECONDS = 5;
// Bounds what a key that signed too long a life could do.
const MAX_AGE = "15m";

export interface Ed25519TokenSignerOptions {
  /** Private keys as JWK: the first signs, all verify. */
  keys: readonly Record<string, unknown>[];
  issuer: string;
  audience: string;
  clock: Clock;
}

interface KeyRing {
  signing: { kid: string; key: CryptoKey };
  verifying: ReadonlyMap<string, CryptoKey>;
  published: Record<string, unknown>[];
}

export function ed25519TokenSigner({ keys, issuer, audience, clock }: Ed25519TokenSignerOptions): TokenSigner {
  let loading: Promise<KeyRing> | null = null;
  const ring = () => (loading ??= keyRing(keys));
  return {
    async sign(claims, ttlSeconds) {
      const { signing } = await ring();
      const now = Math.floor(clock.now() / SECOND_MS);
      const { userId, tenantId, sessionId, role } = claims;
      return new SignJWT({ tid: tenantId, sid: sessionId, role, client_id: audience })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(now)
        .setExpirationTime(now + ttlSeconds)
        .setJti(crypto.randomUUID())
        .sign(signing.key);
    },

    async verify(token) {
      // The compact form and nothing around it: the library itself passes a trailing newline.
      if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null;
      const { verifying } = await ring();
      try {
        const { payload } = await jwtVerify(token, (header) => keyNamed(verifying, header.kid), {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer,
          audience,
          requiredClaims: ["exp", "iat", "sub", "jti", "tid", "sid", "role"],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          maxTokenAge: MAX_AGE,
          currentDate: new Date(clock.now()),
        });
        return claimsOf(payload);
      } catch {
        return null;
      }
    },

    async jwks() {
      return { keys: (await ring()).published };
    },
  };
}

async function keyRing(keys: readonly Record<string, unknown>[]): Promise<KeyRing> {
  const verifying = new Map<string, CryptoKey>();
  const published: Record<string, unknown>[] = [];
  let signing: KeyRing["signing"] | null = null;
  for (const { d, ...publicHalf } of keys as readonly JWK[]) {
    const bare: JWK = { kty: "OKP", crv: "Ed25519", ...(publicHalf.x !== undefined && { x: publicHalf.x }) };
    const kid = await calculateJwkThumbprint(bare);
    if (signing === null && d !== undefined) signing = { kid, key: await imported({ ...bare, d }) };
    verifying.set(kid, await imported(bare));
    published.push({ ...bare, alg: ALGORITHM, use: "sig", kid });
  }
  if (signing === null) throw new Error("No key to sign access tokens with.");
  return { signing, verifying, published };
}

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new Error("A signing key is asymmetric.");
  return key;
}

function keyNamed(keys: ReadonlyMap<string, CryptoKey>, kid: string | undefined): CryptoKey {
  const key = kid === undefined ? undefined : keys.get(kid);
  if (key === undefined) throw new Error("No such key.");
  return key;
}

function claimsOf(payload: Record<string, unknown>): VerifiedClaims | null {
  const { sub, tid, sid, exp } = payload;
  const role = Role.safeParse(payload.role);
  if (typeof sub !== "string" || typeof tid !== "string" || typeof sid !== "string" || typeof exp !== "number")
    return null;
  if (!role.success) return null;
  const expiresAt = (exp + CLOCK_TOLERANCE_SECONDS) * SECOND_MS;
  return { userId: sub, tenantId: tid, sessionId: sid, role: role.data, expiresAt };
}
