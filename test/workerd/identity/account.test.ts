import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { secondFactors, users } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aMember, aTenant, inTenant } from "../../support/a-tenant.ts";
import { bearer, call, callAsOperator } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";
import { mailTo, tokenIn } from "../../support/mailbox.ts";

const password = "correct horse battery staple";
const newPassword = "another horse, another battery";

async function registered() {
  const email = `account-${crypto.randomUUID()}@example.com`;
  const { body } = await call("/v1/auth/register", { body: { email, password } });
  return { email, ...body, headers: bearer(body.accessToken) };
}

async function mailedToken(to: string, subject: RegExp): Promise<string> {
  return tokenIn(await mailTo(to, subject));
}

describe("an e-mail address", () => {
  it("is verified with the mailed token, once", async () => {
    const account = await registered();
    const token = await mailedToken(account.email, /confirm/i);
    const verified = await call("/v1/auth/verify-email", { body: { token } });
    expect(verified).toMatchObject({ status: 200, body: { id: account.user.id, emailVerifiedAt: expect.any(String) } });
    expectProblem(await call("/v1/auth/verify-email", { body: { token } }), 422, "validation-failed");
    const resend = await call("/v1/auth/verify-email/resend", { method: "POST", headers: account.headers });
    expectProblem(resend, 409, "conflict");
  });

  it("is not verified with another kind of token", async () => {
    const account = await registered();
    await call("/v1/auth/password/forgot", { body: { email: account.email } });
    const token = await mailedToken(account.email, /new password/i);
    expect(token).not.toBe("");
    expectProblem(await call("/v1/auth/verify-email", { body: { token } }), 422, "validation-failed");
    expectProblem(await call("/v1/auth/verify-email", { body: { token: "garbage" } }), 422, "validation-failed");
  });
});

describe("changing the password", () => {
  it("ends every session, goes on in a new one and mails a notice", async () => {
    const account = await registered();
    const other = (await call("/v1/auth/login", { body: { email: account.email, password } })).body;
    const body = { currentPassword: password, newPassword };
    const changed = await call("/v1/auth/password/change", { body, headers: account.headers });
    expect(changed.status).toBe(200);
    expect((await call("/v1/me", { headers: bearer(changed.body.accessToken) })).status).toBe(200);
    for (const old of [account.accessToken, other.accessToken]) {
      expectProblem(await call("/v1/me", { headers: bearer(old) }), 401, "unauthenticated");
    }
    expectProblem(
      await call("/v1/auth/refresh", { body: { refreshToken: other.refreshToken } }),
      401,
      "unauthenticated",
    );
    expectProblem(await call("/v1/auth/login", { body: { email: account.email, password } }), 401, "unauthenticated");
    const login = { email: account.email, password: newPassword };
    expect((await call("/v1/auth/login", { body: login })).status).toBe(200);
    expect((await mailTo(account.email, /was changed/)).text).toContain("reset your password");
  });

  it.each([
    ["a wrong current password", { currentPassword: "wrong", newPassword }, "/currentPassword"],
    ["a short one", { currentPassword: password, newPassword: "short" }, "/newPassword"],
    ["a common one", { currentPassword: password, newPassword: "password1" }, "/newPassword"],
  ])("refuses %s", async (_, body, pointer) => {
    const { headers } = await registered();
    const answer = await call("/v1/auth/password/change", { body, headers });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
    expect((await call("/v1/me", { headers })).status).toBe(200);
  });
});

describe("a forgotten password", () => {
  it("is replaced with the mailed token, once, and every session ends", async () => {
    const account = await registered();
    expect((await call("/v1/auth/password/forgot", { body: { email: account.email } })).status).toBe(204);
    const token = await mailedToken(account.email, /new password/i);
    expect((await call("/v1/auth/password/reset", { body: { token, newPassword } })).status).toBe(204);
    expectProblem(await call("/v1/me", { headers: account.headers }), 401, "unauthenticated");
    expectProblem(await call("/v1/auth/password/reset", { body: { token, newPassword } }), 422, "validation-failed");
    const login = await call("/v1/auth/login", { body: { email: account.email, password: newPassword } });
    expect(login.body.user.emailVerifiedAt).not.toBeNull();
  });

  it("leaves nothing to whoever registered an address that is not theirs", async () => {
    const squatter = await registered();
    const body = { name: "Back door", scopes: ["*"] };
    const { key } = (await call("/v1/api-keys", { body, headers: squatter.headers })).body;
    const enrolled = await call("/v1/auth/second-factor/enrol", { body: { password }, headers: squatter.headers });
    await aPlatform()
      .db.update(secondFactors)
      .set({ confirmedAt: 1 })
      .where(eq(secondFactors.userId, squatter.user.id));
    expect([enrolled.status, (await call("/v1/tenant", { headers: bearer(key) })).status]).toEqual([201, 200]);

    await call("/v1/auth/password/forgot", { body: { email: squatter.email } });
    const token = await mailedToken(squatter.email, /new password/i);
    await call("/v1/auth/password/reset", { body: { token, newPassword } });
    expectProblem(await call("/v1/tenant", { headers: bearer(key) }), 401, "unauthenticated");
    const login = await call("/v1/auth/login", { body: { email: squatter.email, password: newPassword } });
    expect(login.status).toBe(200);
  });

  it("is answered alike for an unknown address", async () => {
    const account = await registered();
    const known = await call("/v1/auth/password/forgot", { body: { email: account.email } });
    const unknown = await call("/v1/auth/password/forgot", { body: { email: `x-${account.email}` } });
    expect({ status: unknown.status, body: unknown.body }).toEqual({ status: known.status, body: known.body });
    expect([...unknown.headers.keys()]).toEqual([...known.headers.keys()]);
  });

  it("keeps the token when the new password is refused", async () => {
    const account = await registered();
    await call("/v1/auth/password/forgot", { body: { email: account.email } });
    const token = await mailedToken(account.email, /new password/i);
    const weak = await call("/v1/auth/password/reset", { body: { token, newPassword: account.email } });
    expectProblem(weak, 422, "validation-failed");
    expect((await call("/v1/auth/password/reset", { body: { token, newPassword } })).status).toBe(204);
  });
});

describe("one's own data", () => {
  it("is changed, and nothing else is", async () => {
    const user = await aTenant();
    const changed = await user.call("/v1/me", { method: "PATCH", body: { name: "Ada" } });
    expect(changed).toMatchObject({ status: 200, body: { id: user.userId, name: "Ada" } });
    for (const body of [{ role: "owner" }, { email: "a@example.com" }, { emailVerifiedAt: null }]) {
      expectProblem(await user.call("/v1/me", { method: "PATCH", body }), 422, "validation-failed");
    }
  });

  it("is exported with memberships, sessions and acts, and without secrets", async () => {
    const user = await aTenant();
    await user.call("/v1/me", { method: "PATCH", body: { name: "Ada" } });
    const { status, body, headers } = await user.call("/v1/me/export");
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toContain("attachment");
    expect(body).toMatchObject({
      user: { id: user.userId, name: "Ada" },
      memberships: [{ id: user.tenantId, role: "owner" }],
      sessions: [{ id: user.sessionId }],
      auditEntries: [{ action: "user.updated" }],
    });
    expect(JSON.stringify(body)).not.toMatch(/passwordHash|rt_/);
  });

  it("is erased with the account and the tenants one is alone in", async () => {
    const user = await aTenant();
    const shared = await aTenant();
    await inTenant(user, shared, "member");
    expect((await user.call("/v1/me", { method: "DELETE" })).status).toBe(204);
    expectProblem(await user.call("/v1/me"), 401, "unauthenticated");
    const { body } = await shared.call("/v1/members");
    expect(body.data.map(({ userId }: { userId: string }) => userId)).toEqual([shared.userId]);
    const rows = await aPlatform().db.select().from(users);
    expect(rows.filter(({ id }) => id === user.userId)).toEqual([]);
  });

  it("is not erased while others would be left without an owner", async () => {
    const owner = await aTenant();
    const member = await aMember(owner, "member");
    expectProblem(await owner.call("/v1/me", { method: "DELETE" }), 409, "last-owner");
    expect((await owner.call("/v1/me")).status).toBe(200);
    expect((await member.call("/v1/me")).status).toBe(200);
  });
});

describe("the mailbox", () => {
  it("is the operator's alone", async () => {
    const owner = await aTenant();
    expectProblem(await owner.call("/v1/operator/mailbox"), 401, "unauthenticated");
    expectProblem(await call("/v1/operator/mailbox"), 401, "unauthenticated");
    expect((await callAsOperator("/v1/operator/mailbox?limit=1")).status).toBe(200);
    expectProblem(await callAsOperator("/v1/me"), 401, "unauthenticated");
  });
});
