import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import { Anchor } from "../../domain/audit/anchor.ts";
import { hmacSha256Hex, secretEquals } from "../../domain/kernel/digest.ts";
import { canonicalJson } from "../../domain/kernel/json.ts";
import type { AuditWitness } from "../../services/audit/ports.ts";
import type { VersionedKey } from "../config.ts";

const ALGORITHM = "EdDSA";
// The purpose of the signature: an anchor is no access token, and no access token an anchor (RFC 8725 section 3.11).
const TYPE = "weft-audit-anchor";
const PROOF_PURPOSE = "weft:audit-entry:1";

/** Anchors are signed with the platform's signing key, so that the published key set verifies them; the codes use a key derived from the encryption key. */
export function ed25519AuditWitness(options: {
  signingKeys: readonly Record<string, unknown>[];
  proofKeys: readonly VersionedKey[];
}): AuditWitness {
  const proofKeys = options.proofKeys.map(({ version, bytes }) => ({
    version,
    key: hmacSha256Hex(bytes, PROOF_PURPOSE),
  }));
  let loading: ReturnType<typeof keyRing> | null = null;
  const ring = () => (loading ??= keyRing(options.signingKeys as readonly JWK[]));
  return {
    prove(text) {
      const [current] = proofKeys;
      if (current === undefined) throw new Error("No key to prove audit entries with.");
      return `${current.version}.${hmacSha256Hex(current.key, text)}`;
    },
    isProven(text, proof) {
      const [version, code = ""] = proof?.split(".") ?? [];
      const known = proofKeys.find((key) => key.version === version);
      return known !== undefined && secretEquals(hmacSha256Hex(known.key, text), code);
    },
    async signAnchor(anchor) {
      const { kid, key } = (await ring()).signing;
      return new CompactSign(new TextEncoder().encode(canonicalJson(anchor)))
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
        .sign(key);
    },
    async readAnchor(jws) {
      const { verifying } = await ring();
      try {
        const { payload, protectedHeader } = await compactVerify(
          jws,
          ({ kid }) => {
            const key = verifying.get(kid ?? "");
            if (key === undefined) throw new Error("No such key.");
            return key;
          },
          { algorithms: [ALGORITHM] },
        );
        return protectedHeader.typ === TYPE ? Anchor.parse(JSON.parse(new TextDecoder().decode(payload))) : null;
      } catch {
        return null;
      }
    },
  };
}

async function keyRing(keys: readonly JWK[]) {
  const verifying = new Map<string, CryptoKey>();
  let signing: { kid: string; key: CryptoKey } | null = null;
  for (const { d, x } of keys) {
    const bare: JWK = { kty: "OKP", crv: "Ed25519", ...(x !== undefined && { x }) };
    const kid = await calculateJwkThumbprint(bare);
    verifying.set(kid, await imported(bare));
    if (signing === null && d !== undefined) signing = { kid, key: await imported({ ...bare, d }) };
  }
  if (signing === null) throw new Error("No key to sign anchors with.");
  return { signing, verifying };
}

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new Error("An Ed25519 key is expected.");
  return key;
}
