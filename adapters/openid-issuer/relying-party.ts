import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import * as z from "zod";
import { problem } from "../../domain/kernel/problem.ts";
import { type Clock, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { CodeExchange, OpenIdIssuers } from "../../services/identity/ports.ts";
import type { Outbound, OutboundRequest } from "../../services/ports.ts";

// Only signatures that the issuer alone can make: no HMAC, whose key the client would share (RFC 8725 section 2.1).
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 262_144;
const REMEMBERED_MS = 5 * MINUTE_MS;

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
});
type Metadata = z.infer<typeof Metadata>;
const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
const Tokens = z.object({ id_token: z.string() });
const Claims = z.object({
  sub: z.string().min(1).max(255),
  nonce: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  email: z.string().optional(),
  // Some issuers send it as text.
  email_verified: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
  name: z.string().max(100).optional(),
});

/** Speaks to issuers through the guarded way out; remembers for minutes what they publish. */
export function openIdIssuers({ outbound, clock }: { outbound: Outbound; clock: Clock }): OpenIdIssuers {
  const remembered = new Map<string, { value: unknown; until: number }>();
  const read = async <T>(
    request: Omit<OutboundRequest, "timeoutMs" | "maxBytes">,
    schema: z.ZodType<T>,
  ): Promise<T> => {
    const response = await outbound.fetch({ timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...request });
    const text = await response.text();
    if (response.status !== 200) throw issuerFailed(`The issuer answered ${response.status}.`);
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw issuerFailed("The issuer's answer could not be read.", cause);
    }
  };
  const published = async <T>(url: string, schema: z.ZodType<T>): Promise<T> => {
    const known = remembered.get(url);
    if (known !== undefined && known.until > clock.now()) return known.value as T;
    const value = await read({ url, method: "GET", headers: { accept: "application/json" } }, schema);
    if (remembered.size > 200) remembered.clear();
    remembered.set(url, { value, until: clock.now() + REMEMBERED_MS });
    return value;
  };
  const metadataOf = async (issuer: string): Promise<Metadata> => {
    const metadata = await published(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, Metadata);
    // OpenID Connect Discovery 1.0 section 4.3: exactly the issuer that was asked for.
    if (metadata.issuer !== issuer) throw issuerFailed("The issuer names itself otherwise.");
    return metadata;
  };
  const claimsOf = async (metadata: Metadata, idToken: string, exchange: CodeExchange) => {
    const verified = async () => {
      const keys = (await published(metadata.jwks_uri, KeySet)) as JSONWebKeySet;
      return jwtVerify(idToken, createLocalJWKSet(keys), {
        algorithms: ALGORITHMS,
        issuer: metadata.issuer,
        audience: exchange.clientId,
        requiredClaims: ["exp", "iat", "sub", "nonce"],
        clockTolerance: 60,
        maxTokenAge: "10m",
        currentDate: new Date(clock.now()),
      });
    };
    try {
      return Claims.parse((await verified()).payload);
    } catch {
      // A key that rotated since it was remembered; everything else fails again.
      remembered.delete(metadata.jwks_uri);
      return Claims.parse((await verified()).payload);
    }
  };
  return {
    async authorizationEndpoint(issuer) {
      return (await metadataOf(issuer)).authorization_endpoint;
    },
    async exchange(exchange) {
      const metadata = await metadataOf(exchange.issuer);
      const { id_token: idToken } = await read(tokenRequest(metadata, exchange), Tokens);
      let claims: z.infer<typeof Claims>;
      try {
        claims = await claimsOf(metadata, idToken, exchange);
      } catch (cause) {
        throw issuerFailed("The issuer's token is not valid.", cause);
      }
      const isOurs = claims.nonce === exchange.nonce && isForUsAlone(claims, exchange.clientId);
      if (!isOurs) throw issuerFailed("The issuer's token is for another sign-in.");
      const { sub, email, email_verified: isVerified, name } = claims;
      return {
        subject: sub,
        email: email ?? null,
        isEmailVerified: isVerified === true || isVerified === "true",
        name: name?.trim() || null,
      };
    },
  };
}

/** OpenID Connect Core 1.0 section 3.1.3.7: no audience beside us, and no other party that it was made for. */
function isForUsAlone({ aud, azp }: z.infer<typeof Claims>, clientId: string): boolean {
  return [aud].flat().every((audience) => audience === clientId) && (azp === undefined || azp === clientId);
}

function tokenRequest(metadata: Metadata, exchange: CodeExchange) {
  const { code, codeVerifier, redirectUri, clientId, clientSecret } = exchange;
  const form = new URLSearchParams({
    ...{ grant_type: "authorization_code", code, code_verifier: codeVerifier, redirect_uri: redirectUri },
    client_id: clientId,
  });
  const headers: Record<string, string> = {
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
  };
  // RFC 6749 section 2.3.1: Basic unless the issuer only takes the form.
  const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  if (clientSecret !== null && methods.includes("client_secret_basic")) {
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else if (clientSecret !== null) {
    form.set("client_secret", clientSecret);
  }
  return { url: metadata.token_endpoint, method: "POST", headers, body: form.toString() };
}

function issuerFailed(detail: string, cause?: unknown) {
  return problem("unauthenticated", { detail, cause });
}
