import { describe, expect, it, vi } from "vitest";
import { aTenant } from "../../support/a-tenant.ts";
import { bearer, call, send } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";

let apps = 0;
const anOrigin = () => `https://app-${++apps}.example.com`;

async function aTenantWith(origins: string[]) {
  const owner = await aTenant();
  const { status } = await owner.call("/v1/tenant", { method: "PATCH", body: { settings: { corsOrigins: origins } } });
  expect(status).toBe(200);
  return owner;
}

function preflight(origin: string, asked = "authorization") {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": asked,
  };
  return send("/v1/runs", { method: "OPTIONS", headers });
}

describe("pages of other origins", () => {
  it("may read answers to the tenant that lists them", async () => {
    const origin = anOrigin();
    const owner = await aTenantWith([origin]);
    const { headers } = await owner.fetch("/v1/me", { headers: { origin } });
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-expose-headers")).toContain("RateLimit");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    expect(headers.get("vary")).toContain("Origin");
  });

  it("may read refusals too", async () => {
    const origin = anOrigin();
    await aTenantWith([origin]);
    const { status, headers } = await call("/v1/me", { headers: { origin, ...bearer("garbage") } });
    expect(status).toBe(401);
    expect(headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("are told which credential is wanted, and of an error only in one that was sent", async () => {
    expect((await call("/v1/me")).headers.get("www-authenticate")).toBe("Bearer");
    const refused = await call("/v1/me", { headers: bearer("garbage") });
    expect(refused.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  it("may not read answers to a tenant that another tenant's list does not speak for", async () => {
    const origin = anOrigin();
    await aTenantWith([origin]);
    const stranger = await aTenant();
    const { headers } = await stranger.fetch("/v1/me", { headers: { origin } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("vary")).toContain("Origin");
  });

  it.each([
    ["a subdomain", (origin: string) => origin.replace("https://", "https://x.")],
    ["a longer name", (origin: string) => `${origin}.evil.test`],
    ["another port", (origin: string) => `${origin}:8443`],
    ["plain http", (origin: string) => origin.replace("https", "http")],
    ["null", () => "null"],
    ["upper case", (origin: string) => origin.toUpperCase()],
  ])("that only resemble a listed one (%s) may not", async (_, change) => {
    const origin = anOrigin();
    const owner = await aTenantWith([origin]);
    const { headers } = await owner.fetch("/v1/me", { headers: { origin: change(origin) } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect((await preflight(change(origin))).headers.get("access-control-allow-origin")).toBeNull();
  });

  it("are told what they may send before they send it", async () => {
    const origin = anOrigin();
    await aTenantWith([origin]);
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(headers.get("access-control-allow-headers")).toContain("authorization");
    expect(headers.get("access-control-max-age")).toBe("600");
    expect(headers.get("vary")).toContain("Origin");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("may send what OpenAI's client says of itself, and nothing that nobody knows", async () => {
    const origin = anOrigin();
    await aTenantWith([origin]);
    const { headers } = await preflight(
      origin,
      "authorization,content-type,x-stainless-os,X-Stainless-Retry-Count,x-evil",
    );
    const allowed = headers.get("access-control-allow-headers")?.split(", ");
    expect(allowed).toEqual(expect.arrayContaining(["authorization", "x-stainless-os", "x-stainless-retry-count"]));
    expect(allowed).not.toContain("x-evil");
  });

  it.each([
    "*",
    "null",
    "https://app.example.com/",
    "https://*.example.com",
    "http://app.example.com",
    "app.example.com",
  ])("cannot be listed as %s", async (origin) => {
    const owner = await aTenant();
    const body = { settings: { corsOrigins: [origin] } };
    expectProblem(await owner.call("/v1/tenant", { method: "PATCH", body }), 422, "validation-failed");
  });
});

describe("cookies", () => {
  it("are neither set nor taken: there is no ambient credential that another page could use", async () => {
    const owner = await aTenant();
    const { status } = await call("/v1/me", {
      headers: { cookie: `session=${owner.token}; authorization=Bearer ${owner.token}; token=${owner.token}` },
    });
    expect(status).toBe(401);
    const answers = await Promise.all(["/", "/docs", "/health", "/v1/me"].map((path) => owner.fetch(path)));
    expect(answers.map(({ headers }) => headers.get("set-cookie"))).toEqual([null, null, null, null]);
  });
});

it("no way of overriding the method is followed", async () => {
  const owner = await aTenant();
  const { status } = await owner.call("/v1/tenants?_method=DELETE", {
    headers: { "x-http-method-override": "DELETE" },
  });
  expect([200, 422]).toContain(status);
});

it("a token in the URL signs nobody in", async () => {
  const owner = await aTenant();
  expectProblem(await call(`/v1/me?access_token=${owner.token}`), 401, "unauthenticated");
});

it("no line of the log holds a password, a token or a key", async () => {
  const lines: string[] = [];
  const spy = vi.spyOn(console, "log").mockImplementation((text) => void lines.push(...String(text).split("\n")));
  try {
    const password = "correct horse battery staple 7";
    const email = `log-${crypto.randomUUID()}@example.com`;
    const id = { "x-request-id": crypto.randomUUID() };
    const { body } = await call("/v1/auth/register", { headers: id, body: { email, password } });
    const headers = { ...bearer(body.accessToken), ...id };
    const key = await call("/v1/api-keys", { headers, body: { name: "k", scopes: ["runs:read"] } });
    await call(`/v1/runs?cursor=${key.body.key}`, { headers: { ...bearer(key.body.key), ...id } });
    await call("/v1/auth/refresh", { headers: id, body: { refreshToken: body.refreshToken } });
    await call(`/v1/runs/${body.accessToken}`, { headers });
    const written = `"event":"request","requestId":"${id["x-request-id"]}"`;
    await vi.waitFor(() => expect(lines.filter((line) => line.includes(written))).toHaveLength(5));
    const text = lines.join("\n");
    for (const secret of [password, body.accessToken, body.refreshToken, key.body.key])
      expect(text).not.toContain(secret);
  } finally {
    spy.mockRestore();
  }
});
