import { describe, expect, it } from "vitest";
import { takeRegistration, takeSignInAttempt } from "../../../services/identity/limit-sign-in-attempts.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";

const password = "correct horse battery staple";
let addresses = 0;
const anAddress = () => `sign-in-${++addresses}-${crypto.randomUUID()}@example.com`;

describe("registering", () => {
  it("makes a user and a tenant, signed in as its owner", async () => {
    const email = anAddress();
    const answer = await call("/v1/auth/register", {
      body: { email, password, name: "Ada", tenantName: "Analytical" },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      user: { email, name: "Ada", emailVerifiedAt: null },
      tenant: { name: "Analytical", settings: {} },
      expiresIn: 900,
      refreshToken: expect.stringMatching(/^rt_[0-9a-f]{64}$/),
    });
    const me = await call("/v1/me", { headers: bearer(answer.body.accessToken) });
    expect(me.body).toMatchObject({ email, role: "owner", tenantId: answer.body.tenant.id });
    expect(JSON.stringify(answer.body)).not.toContain("scrypt");
  });

  it("answers 409 to an address that is taken, whatever its case", async () => {
    const email = anAddress();
    await call("/v1/auth/register", { body: { email, password } });
    expectProblem(
      await call("/v1/auth/register", { body: { email: email.toUpperCase(), password } }),
      409,
      "email-taken",
    );
  });

  it("lets one of two registrations of the same address win", async () => {
    const body = { email: anAddress(), password };
    const answers = await Promise.all([1, 2].map(() => call("/v1/auth/register", { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it.each([
    ["no e-mail", { password }, "/email"],
    ["what is no e-mail address", { email: "nobody", password }, "/email"],
    ["a short password", { email: "a@example.com", password: "short" }, "/password"],
    ["a common password", { email: "a@example.com", password: "Password123" }, "/password"],
    ["the e-mail address as password", { email: "ada.l@example.com", password: "Ada.L@example.com" }, "/password"],
    ["a role", { email: "a@example.com", password, role: "owner" }, "/role"],
    ["a number as password", { email: "a@example.com", password: 12345678 }, "/password"],
  ])("refuses %s", async (_, body, pointer) => {
    const answer = await call("/v1/auth/register", { body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });
});

describe("signing in", () => {
  it("opens a session with e-mail and password", async () => {
    const email = anAddress();
    const { body: registered } = await call("/v1/auth/register", { body: { email, password } });
    const answer = await call("/v1/auth/login", { body: { email, password } });
    expect(answer.status).toBe(200);
    expect(answer.body.user).toEqual(registered.user);
    expect(answer.body.tenant).toEqual(registered.tenant);
    expect((await call("/v1/me", { headers: bearer(answer.body.accessToken) })).status).toBe(200);
  });

  it("answers a wrong password and an unknown address alike", async () => {
    const email = anAddress();
    await call("/v1/auth/register", { body: { email, password } });
    const wrong = await call("/v1/auth/login", { body: { email, password: "not the password" } });
    const unknown = await call("/v1/auth/login", { body: { email: anAddress(), password } });
    expectProblem(wrong, 401, "unauthenticated");
    expectProblem(unknown, 401, "unauthenticated");
    expect(unknown.body.detail).toBe(wrong.body.detail);
    expect([...unknown.headers.keys()]).toEqual([...wrong.headers.keys()]);
  });

  it("answers a tenant of which the user is no member like one that does not exist", async () => {
    const email = anAddress();
    await call("/v1/auth/register", { body: { email, password } });
    const other = await aTenant();
    for (const tenantId of [other.tenantId, "ten_00000000000000000000000000"]) {
      expectProblem(await call("/v1/auth/login", { body: { email, password, tenantId } }), 404, "not-found");
    }
  });

  it("stops guessing at one address after ten failures, before the hash", async () => {
    const email = anAddress();
    const platform = aPlatform({ client: { ip: "127.0.0.1", userAgent: null } });
    for (let i = 0; i < 9; i++) await takeSignInAttempt(platform, email);
    const attempt = () => call("/v1/auth/login", { body: { email, password: "a guess" } });
    expectProblem(await attempt(), 401, "unauthenticated");
    const refused = await attempt();
    expectProblem(refused, 429, "rate-limited");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await attempt()).status).toBe(429);
  });

  it("lets nobody through twice when guesses arrive at once", async () => {
    const [platform, email] = [aPlatform(), anAddress()];
    const guesses = await Promise.allSettled(Array.from({ length: 30 }, () => takeSignInAttempt(platform, email)));
    expect(guesses.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  });

  it("gives successful attempts back, and refused ones cost others nothing", async () => {
    const [platform, email] = [aPlatform(), anAddress()];
    for (let i = 0; i < 15; i++) {
      const { refund } = await takeSignInAttempt(platform, email);
      for (const statement of refund) await statement;
    }
    await takeSignInAttempt(platform, email);
    const elsewhere = aPlatform({ client: { ip: "2001:db8::1", userAgent: null } });
    await takeSignInAttempt(elsewhere, email);
  });

  it("counts an IPv6 address by the network that one caller owns", async () => {
    const email = anAddress();
    const from = (ip: string) => takeSignInAttempt(aPlatform({ client: { ip, userAgent: null } }), email);
    for (let i = 0; i < 10; i++) await from(`2001:db8:1:2::${i}`);
    await expect(from("2001:0DB8:0001:0002:ffff::1")).rejects.toMatchObject({ code: "rate-limited" });
    await from("2001:db8:1:3::1");
  });

  it("tells the owner's audit log of attempts that were too many, once in a while", async () => {
    const email = anAddress();
    const { body: registered } = await call("/v1/auth/register", { body: { email, password } });
    const platform = aPlatform({ client: { ip: "127.0.0.1", userAgent: null } });
    for (let i = 0; i < 10; i++) await takeSignInAttempt(platform, email);
    for (let i = 0; i < 3; i++) {
      const refused = await call("/v1/auth/login", { body: { email, password: "a guess" } });
      expectProblem(refused, 429, "rate-limited");
    }
    const entries = await eventually(
      async () =>
        (
          await call("/v1/audit-entries?action=session.refused", {
            headers: bearer(registered.accessToken),
          })
        ).body.data,
      ({ length }) => length > 0,
    );
    expect(entries).toMatchObject([{ details: { reason: "rate-limited" } }]);
  });

  it("makes no end of accounts for one address", async () => {
    const client = { ip: "203.0.113.77", userAgent: null };
    for (let i = 0; i < 100; i++) await takeRegistration(aPlatform({ client }));
    await expect(takeRegistration(aPlatform({ client }))).rejects.toMatchObject({ code: "rate-limited" });
    await takeRegistration(aPlatform({ client: { ...client, ip: "203.0.113.78" } }));
  });

  it("writes refused attempts to the audit log", async () => {
    const email = anAddress();
    const { body } = await call("/v1/auth/register", { body: { email, password } });
    await call("/v1/auth/login", { body: { email, password: "not the password" } });
    const entries = await call("/v1/audit-entries?action=session.refused", { headers: bearer(body.accessToken) });
    expect(entries.body.data).toMatchObject([{ target: { type: "user", id: body.user.id } }]);
  });
});
