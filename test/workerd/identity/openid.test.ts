import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../../domain/kernel/time.ts";
import { finishOpenIdSignIn } from "../../../services/identity/openid-sign-in.ts";
import { openIdConnections } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aMember, anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { type Answer, bearer, call } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { anIssuer, type Issuer, listen, stopListening } from "./an-issuer.ts";

const PAGE = "https://console.example.com";
let tenants = 0;

beforeAll(listen);
afterAll(stopListening);

interface House {
  owner: TestMember;
  issuer: Issuer;
  domain: string;
}

async function aConnectedTenant(): Promise<House> {
  const owner = await aTenant();
  const issuer = await anIssuer();
  const domain = `corp-${++tenants}.example`;
  await owner.call("/v1/tenant", { method: "PATCH", body: { settings: { corsOrigins: [PAGE] } } });
  const put = await owner.call("/v1/tenant/openid-connection", { method: "PUT", body: connection(issuer, [domain]) });
  expect(put.status).toBe(200);
  return { owner, issuer, domain };
}

function connection(issuer: Issuer, emailDomains: string[]) {
  const { url, clientId, clientSecret } = issuer;
  return { issuer: url, clientId, clientSecret, emailDomains };
}

function start({ owner }: House, redirectUri = `${PAGE}/signed-in`): Promise<Answer> {
  return call("/v1/auth/openid/start", { body: { tenantId: owner.tenantId, redirectUri } });
}

async function signIn(house: House, claims: Record<string, unknown>): Promise<Answer> {
  const { body } = await start(house);
  const code = house.issuer.consent(body.authorizationUrl, claims);
  return call("/v1/auth/openid/finish", { body: { state: body.state, code } });
}

const ada = ({ domain }: House) => ({ sub: "ada-1", email: `Ada@${domain}`, email_verified: true, name: "Ada" });

describe("signing in through the tenant's issuer", () => {
  it("makes a member of one who comes first, and finds them again by the subject", async () => {
    const house = await aConnectedTenant();
    const first = await signIn(house, ada(house));
    expect(first).toMatchObject({ status: 200, body: { user: { email: `ada@${house.domain}`, name: "Ada" } } });
    const me = await call("/v1/me", { headers: bearer(first.body.accessToken) });
    expect(me.body).toMatchObject({ role: "member", tenantId: house.owner.tenantId, emailVerifiedAt: null });
    const again = await signIn(house, { sub: "ada-1", email: "changed@elsewhere.example" });
    expect(again.body.user.id).toBe(first.body.user.id);
    expect((await call("/v1/auth/refresh", { body: { refreshToken: again.body.refreshToken } })).status).toBe(200);
  });

  it("sends state, nonce and a PKCE challenge, never the verifier", async () => {
    const { body } = await start(await aConnectedTenant());
    const query = Object.fromEntries(new URL(body.authorizationUrl).searchParams);
    expect(query).toMatchObject({ response_type: "code", code_challenge_method: "S256", state: body.state });
    expect(query.nonce).toMatch(/^[0-9a-f]{64}$/);
    expect(query.code_challenge).toMatch(/^[\w-]{43}$/);
    expect(query).not.toHaveProperty("code_verifier");
  });

  it("takes a state once, within its time", async () => {
    const house = await aConnectedTenant();
    const { body } = await start(house);
    const codes = [1, 2].map(() => house.issuer.consent(body.authorizationUrl, ada(house)));
    const answers = await Promise.all(
      codes.map((code) => call("/v1/auth/openid/finish", { body: { state: body.state, code } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);

    const late = (await start(house)).body;
    const later = aPlatform({ clock: { now: () => Date.now() + 11 * MINUTE_MS } });
    const code = house.issuer.consent(late.authorizationUrl, ada(house));
    const refusal = await finishOpenIdSignIn(later, { state: late.state, code }).catch((error) => error.code);
    expect(refusal).toBe("unauthenticated");
  });

  it.each([
    ["an unverified address", { email_verified: false }],
    ["no word about verification", { email_verified: undefined }],
    ["an address of another domain", { email: "ada@elsewhere.example" }],
    ["an address that only ends alike", { email: "ada@evil-corp.example" }],
    ["no address", { email: undefined }],
  ])("refuses a newcomer with %s", async (_, change) => {
    const house = await aConnectedTenant();
    expectProblem(await signIn(house, { ...ada(house), ...change }), 403, "forbidden");
    const entries = await house.owner.call("/v1/audit-entries?action=session.refused");
    expect(entries.body.data).toMatchObject([{ details: { method: "openid" } }]);
  });

  it.each<[string, Partial<Issuer>]>([
    ["another audience", { forge: (token) => token.setAudience("other") }],
    ["another issuer", { forge: (token) => token.setIssuer("https://evil.example") }],
    ["no expiry left", { forge: (token) => token.setExpirationTime("-5m") }],
    ["an old time of issue", { forge: (token) => token.setIssuedAt(1_000_000_000) }],
    ["an audience beside us", { forge: (token) => token.setAudience(["weft", "another"]) }],
    ["a signature by a shared secret", { algorithm: "HS256", signWith: new TextEncoder().encode("x".repeat(32)) }],
  ])("refuses a token with %s", async (_, change) => {
    const house = await aConnectedTenant();
    Object.assign(house.issuer, change);
    expectProblem(await signIn(house, ada(house)), 401, "unauthenticated");
  });

  it("refuses a token for another sign-in, and a code that the issuer does not take", async () => {
    const house = await aConnectedTenant();
    expectProblem(await signIn(house, { ...ada(house), nonce: "other" }), 401, "unauthenticated");
    const { body } = await start(house);
    const unknown = await call("/v1/auth/openid/finish", { body: { state: body.state, code: "nothing" } });
    expectProblem(unknown, 401, "unauthenticated");
  });

  it("goes on when the issuer has a new key", async () => {
    const house = await aConnectedTenant();
    expect((await signIn(house, ada(house))).status).toBe(200);
    await house.issuer.rotateKey();
    expect((await signIn(house, ada(house))).status).toBe(200);
  });

  it("sends codes only to pages that the tenant named", async () => {
    const house = await aConnectedTenant();
    for (const page of [
      "https://evil.example/",
      "http://console.example.com/",
      `${PAGE}.evil.example/`,
      `${PAGE}/#x`,
      `${PAGE}\\@evil.example/`,
    ]) {
      expectProblem(await start(house, page), 422, "validation-failed");
    }
  });

  it("is not there for a tenant without an issuer, or none at all", async () => {
    const owner = await aTenant();
    for (const tenantId of [owner.tenantId, owner.ctx.ids.next("ten")]) {
      const answer = await call("/v1/auth/openid/start", { body: { tenantId, redirectUri: `${PAGE}/` } });
      expectProblem(answer, 404, "not-found");
    }
  });
});

describe("an issuer speaks for its tenant alone", () => {
  const claimsFor = (member: TestMember) => ({ sub: member.userId, email: member.email, email_verified: true });

  it("so it signs in a member, but no owner and nobody from elsewhere", async () => {
    const house = await aConnectedTenant();
    const body = connection(house.issuer, ["example.com"]);
    await house.owner.call("/v1/tenant/openid-connection", { method: "PUT", body });
    const member = await aMember(house.owner, "admin");
    expect(await signIn(house, claimsFor(member))).toMatchObject({
      status: 200,
      body: { user: { id: member.userId } },
    });
    expectProblem(await signIn(house, claimsFor(house.owner)), 403, "forbidden");
    expectProblem(await signIn(house, claimsFor(await aTenant())), 403, "forbidden");
  });

  it("so its sessions do not reach the account, other tenants or other sessions", async () => {
    const house = await aConnectedTenant();
    const { body } = await signIn(house, ada(house));
    const headers = bearer(body.accessToken);
    const elsewhere = await aTenant();
    const acts: [string, string, object?][] = [
      ["POST", "/v1/auth/switch-tenant", { tenantId: elsewhere.tenantId }],
      ["POST", "/v1/tenants", { name: "Mine" }],
      ["GET", "/v1/tenants"],
      ["GET", "/v1/auth/sessions"],
      ["DELETE", `/v1/auth/sessions/${elsewhere.sessionId}`],
      ["POST", "/v1/invitations/accept", { token: "x" }],
      ["PATCH", "/v1/me", { name: "Other" }],
      ["GET", "/v1/me/export"],
      ["DELETE", "/v1/me"],
    ];
    for (const [method, path, sent] of acts) {
      expectProblem(await call(path, { method, headers, ...(sent && { body: sent }) }), 403, "forbidden");
    }
    expect((await call("/v1/auth/logout", { method: "POST", headers })).status).toBe(204);
  });

  it("and one who was removed stays removed", async () => {
    const house = await aConnectedTenant();
    const { body } = await signIn(house, ada(house));
    expect((await house.owner.call(`/v1/members/${body.user.id}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await signIn(house, ada(house)), 403, "forbidden");
  });

  it("and one whom it made has no password to guess", async () => {
    const house = await aConnectedTenant();
    await signIn(house, ada(house));
    const guess = await call("/v1/auth/login", { body: { email: `ada@${house.domain}`, password: "none" } });
    expectProblem(guess, 401, "unauthenticated");
  });
});

describe("the connection", () => {
  for (const [method, permission] of [
    ["PUT", "settings:write"],
    ["DELETE", "settings:write"],
    ["GET", "settings:read"],
  ] as const) {
    refusesTheWrongActor({
      name: `${method} /v1/tenant/openid-connection`,
      permission,
      arrange: async () => ({ path: "/v1/tenant/openid-connection", method, ...(method === "PUT" && { body: {} }) }),
      namesResource: false,
    });
  }

  it("shows no secret and keeps it sealed", async () => {
    const { owner, issuer } = await aConnectedTenant();
    const { body } = await owner.call("/v1/tenant/openid-connection");
    expect(body).toMatchObject({ issuer: issuer.url, role: "member", hasClientSecret: true });
    const rows = await owner.ctx.db
      .select()
      .from(openIdConnections)
      .where(eq(openIdConnections.tenantId, owner.tenantId));
    expect(JSON.stringify([body, rows])).not.toContain(issuer.clientSecret);
  });

  it("is refused when the address is no issuer, is private, or would make owners", async () => {
    const owner = await aTenant();
    const issuer = await anIssuer();
    const good = connection(issuer, ["corp.example"]);
    for (const change of [
      { issuer: `${issuer.url}/elsewhere` },
      { issuer: "https://169.254.169.254" },
      { issuer: "http://127.0.0.1:9" },
      { emailDomains: [] },
      { emailDomains: ["*"] },
      { role: "owner" },
    ]) {
      const body = { ...good, ...change };
      expectProblem(
        await owner.call("/v1/tenant/openid-connection", { method: "PUT", body }),
        422,
        "validation-failed",
      );
    }
  });

  it("once deleted signs nobody in", async () => {
    const house = await aConnectedTenant();
    const { body } = await start(house);
    const code = house.issuer.consent(body.authorizationUrl, ada(house));
    expect((await house.owner.call("/v1/tenant/openid-connection", { method: "DELETE" })).status).toBe(204);
    expectProblem(await call("/v1/auth/openid/finish", { body: { state: body.state, code } }), 404, "not-found");
    expectProblem(await house.owner.call("/v1/tenant/openid-connection"), 404, "not-found");
  });

  it("may be set by a key that may change settings", async () => {
    const owner = await aTenant();
    const key = await anApiKey(owner, ["settings:write"]);
    const body = connection(await anIssuer(), ["corp.example"]);
    expect((await key.call("/v1/tenant/openid-connection", { method: "PUT", body })).status).toBe(200);
  });
});
