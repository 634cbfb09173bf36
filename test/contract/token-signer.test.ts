import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { ed25519TokenSigner } from "../../adapters/token-signer/ed25519.ts";
import type { AccessClaims } from "../../services/identity/ports.ts";

const claims: AccessClaims = { userId: "usr_1", tenantId: "ten_1", sessionId: "ses_1", role: "member" };
const place = { issuer: "https://weft.example", audience: "weft" };
const clock = { now: () => Date.now() };

async function aKey(): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)) };
}

async function aSigner() {
  const key = await aKey();
  const signer = ed25519TokenSigner({ keys: [key], ...place, clock });
  const [published] = (await signer.jwks()).keys;
  return { key, signer, kid: String(published?.kid) };
}

describe("access tokens", () => {
  it("verify to the claims they were signed with", async () => {
    const { signer } = await aSigner();
    expect(await signer.verify(await signer.sign(claims, 900))).toMatchObject(claims);
  });

  it("carry the header and the claims of RFC 9068", async () => {
    const { signer, kid } = await aSigner();
    const [header, payload] = (await signer.sign(claims, 900)).split(".").slice(0, 2).map(decoded);
    expect(header).toEqual({ alg: "EdDSA", typ: "at+jwt", kid });
    expect(payload).toMatchObject({ iss: place.issuer, aud: place.audience, sub: "usr_1", tid: "ten_1", sid: "ses_1" });
    expect(Object.keys(payload ?? {})).toEqual(expect.arrayContaining(["exp", "iat", "jti", "client_id", "role"]));
  });

  it("publish the public half of each key and nothing private", async () => {
    const keys = [await aKey(), await aKey()];
    const published = (await ed25519TokenSigner({ keys, ...place, clock }).jwks()).keys;
    expect(published).toHaveLength(2);
    for (const key of published) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  });

  it("outlive a rotation: the old key still verifies, the new one signs", async () => {
    const [old, next] = [await aKey(), await aKey()];
    const token = await ed25519TokenSigner({ keys: [old], ...place, clock }).sign(claims, 900);
    const rotated = ed25519TokenSigner({ keys: [next, old], ...place, clock });
    expect(await rotated.verify(token)).toMatchObject(claims);
    const retired = ed25519TokenSigner({ keys: [next], ...place, clock });
    expect(await retired.verify(token)).toBeNull();
    expect(await retired.verify(await rotated.sign(claims, 900))).toMatchObject(claims);
  });

  it("are refused when they are over, and tell when that will be", async () => {
    const { signer } = await aSigner();
    const verified = await signer.verify(await signer.sign(claims, 900));
    expect(Math.abs((verified?.expiresAt ?? 0) - Date.now() - 905_000)).toBeLessThan(2_000);
    expect(await signer.verify(await signer.sign(claims, -6))).toBeNull();
  });
});

describe("forged tokens", () => {
  const valid: JWTPayload = { sub: "usr_1", tid: "ten_1", sid: "ses_1", role: "owner", client_id: "weft", jti: "1" };
  const now = () => Math.floor(Date.now() / 1_000);

  async function signedWithOurs(header: Record<string, unknown>, payload: JWTPayload): Promise<string | null> {
    const { key, signer, kid } = await aSigner();
    // Signed by hand: the library refuses to make some of these.
    const signed = `${encoded({ alg: "EdDSA", typ: "at+jwt", kid, ...header })}.${encoded(payload)}`;
    const signature = await crypto.subtle.sign("Ed25519", await privateKeyOf(key), Buffer.from(signed));
    const token = `${signed}.${Buffer.from(signature).toString("base64url")}`;
    return (await signer.verify(token)) === null ? null : token;
  }
  const complete = () => ({ ...valid, iss: place.issuer, aud: place.audience, iat: now(), exp: now() + 60 });

  it("would be taken if they were exactly ours", async () => {
    expect(await signedWithOurs({}, complete())).not.toBeNull();
  });

  it.each([
    ["another type", { typ: "JWT" }, {}],
    ["no type", { typ: undefined }, {}],
    ["an unknown key id", { kid: "../../etc/passwd" }, {}],
    ["no key id", { kid: undefined }, {}],
    ["another issuer", {}, { iss: "https://evil.example" }],
    ["another audience", {}, { aud: "other" }],
    ["no expiry", {}, { exp: undefined }],
    ["an expiry as text", {}, { exp: "9999999999" }],
    ["no time of issue", {}, { iat: undefined }],
    ["an issue of yesterday", {}, { iat: now() - 86_400, exp: now() + 60 }],
    ["an issue in the future", {}, { iat: now() + 3_600, exp: now() + 7_200 }],
    ["no tenant", {}, { tid: undefined }],
    ["a tenant that is no text", {}, { tid: ["ten_1"] }],
    ["an unknown role", {}, { role: "root" }],
    ["a critical extension", { crit: ["exp"] }, {}],
  ])("are refused with %s", async (_, header, payload) => {
    expect(await signedWithOurs(header, { ...complete(), ...payload } as JWTPayload)).toBeNull();
  });

  it("are refused when another key signed them, whatever key they bring along", async () => {
    const { signer, kid } = await aSigner();
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
    const jwk = await exportJWK(publicKey);
    const token = await new SignJWT(complete())
      .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid, jwk })
      .sign(privateKey);
    expect(await signer.verify(token)).toBeNull();
  });

  it("are refused with `none`, with HMAC over the public key, and without a signature", async () => {
    const { key, signer, kid } = await aSigner();
    const payload = encoded(complete());
    const none = `${encoded({ alg: "none", typ: "at+jwt", kid })}.${payload}.`;
    const secret = Buffer.from(String(key.x), "base64url");
    const hmac = await new SignJWT(complete()).setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid }).sign(secret);
    const [head, body] = (await signer.sign(claims, 900)).split(".");
    for (const token of [none, hmac, `${head}.${body}.`, `${head}.${body}`, `${head}.${body}.${"A".repeat(86)}`]) {
      expect(await signer.verify(token)).toBeNull();
    }
  });

  it("are refused when a valid one has anything around it or in it changed", async () => {
    const { signer } = await aSigner();
    const token = await signer.sign(claims, 900);
    const [head = "", body = "", signature = ""] = token.split(".");
    const raised = encoded({ ...decoded(body), role: "owner" });
    for (const changed of [
      `${token}\n`,
      ` ${token}`,
      `${token}.`,
      `${head}.${raised}.${signature}`,
      "",
      "...",
      "a.b.c",
    ]) {
      expect(await signer.verify(changed)).toBeNull();
    }
  });
});

function privateKeyOf(jwk: Record<string, unknown>): Promise<CryptoKey> {
  const privateHalf = { kty: "OKP", crv: "Ed25519", d: String(jwk.d), x: String(jwk.x) };
  return crypto.subtle.importKey("jwk", privateHalf, "Ed25519", false, ["sign"]);
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}
