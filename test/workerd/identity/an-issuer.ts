import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { vi } from "vitest";
import { codeChallengeOf } from "../../../services/identity/secrets.ts";

/** A small OpenID provider, reached by the name it has on the network. */
export interface Issuer {
  url: string;
  clientId: string;
  clientSecret: string;
  /** What a person consents to at the authorization endpoint: the code that the browser brings back. */
  consent(authorizationUrl: string, claims: Record<string, unknown>): string;
  /** Changes what the next tokens say or how they are signed. */
  forge: (token: SignJWT) => SignJWT;
  signWith: CryptoKey | Uint8Array | null;
  algorithm: string;
  rotateKey(): Promise<void>;
}

const issuers = new Map<string, (url: URL, request: Request) => Promise<Response>>();
let count = 0;

export async function anIssuer(): Promise<Issuer> {
  const host = `issuer-${++count}.example.com`;
  let keys = await generateKeyPair("RS256", { extractable: true });
  let kid = "k1";
  const consents = new Map<string, { query: URLSearchParams; claims: Record<string, unknown> }>();
  const issuer: Issuer = {
    url: `https://${host}`,
    clientId: "weft",
    clientSecret: "s3cret:/?",
    consent(authorizationUrl, claims) {
      const code = crypto.randomUUID();
      consents.set(code, { query: new URL(authorizationUrl).searchParams, claims });
      return code;
    },
    forge: (token) => token,
    signWith: null,
    algorithm: "RS256",
    async rotateKey() {
      keys = await generateKeyPair("RS256", { extractable: true });
      kid = `${kid}+`;
    },
  };
  issuers.set(host, async (url, request) => {
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer: issuer.url,
          authorization_endpoint: `${issuer.url}/authorize`,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/keys`,
        });
      case "/keys":
        return Response.json({ keys: [{ ...(await exportJWK(keys.publicKey)), kid, alg: "RS256", use: "sig" }] });
      case "/token":
        return token(request);
      default:
        return new Response(null, { status: 404 });
    }
  });
  async function token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const consent = consents.get(form.get("code") ?? "");
    consents.delete(form.get("code") ?? "");
    const pair = `${encodeURIComponent(issuer.clientId)}:${encodeURIComponent(issuer.clientSecret)}`;
    const isOurs =
      request.headers.get("authorization") === `Basic ${btoa(pair)}` &&
      form.get("grant_type") === "authorization_code" &&
      form.get("redirect_uri") === consent?.query.get("redirect_uri") &&
      codeChallengeOf(form.get("code_verifier") ?? "") === consent?.query.get("code_challenge");
    if (consent === undefined || !isOurs) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const jwt = new SignJWT({ nonce: consent.query.get("nonce"), ...consent.claims })
      .setProtectedHeader({ alg: issuer.algorithm, kid })
      .setIssuer(issuer.url)
      .setAudience(issuer.clientId)
      .setIssuedAt()
      .setExpirationTime("5m");
    return Response.json({ id_token: await issuer.forge(jwt).sign(issuer.signWith ?? keys.privateKey) });
  }
  return issuer;
}

/** The tests share their isolate with the Worker, so the one door to the outside can be stood in for here. */
export function listen(): void {
  stopListening();
  const real = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const request = new Request(input as RequestInfo, init as RequestInit);
    const url = new URL(request.url);
    const answer = issuers.get(url.hostname);
    return answer === undefined ? real(request) : answer(url, request);
  });
}

/** Gives the door back: the files of a run share it. */
export function stopListening(): void {
  if (vi.isMockFunction(globalThis.fetch)) vi.mocked(globalThis.fetch).mockRestore();
}
