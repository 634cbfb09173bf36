import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { refreshSession } from "../../../services/identity/refresh-session.ts";
import { refreshTokens, sessions } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aMember, anApiKey, aTenant, inTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";

const refresh = (refreshToken: string) => call("/v1/auth/refresh", { body: { refreshToken } });

describe("refreshing", () => {
  it("rotates the refresh token and opens the same session", async () => {
    const { refreshToken, userId, tenantId } = await aTenant();
    const answer = await refresh(refreshToken);
    expect(answer.status).toBe(200);
    expect(answer.body.refreshToken).not.toBe(refreshToken);
    const me = await call("/v1/me", { headers: bearer(answer.body.accessToken) });
    expect(me.body).toMatchObject({ id: userId, tenantId });
  });

  it("gives two tabs that race the same successor", async () => {
    const { refreshToken } = await aTenant();
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    expect((await refresh(answers[0]?.body.refreshToken)).status).toBe(200);
  });

  it("ends the session when a grandparent is shown again", async () => {
    const owner = await aTenant();
    const second = (await refresh(owner.refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    expectProblem(await refresh(owner.refreshToken), 401, "unauthenticated");
    expectProblem(await refresh(third.refreshToken), 401, "unauthenticated");
    expectProblem(await call("/v1/me", { headers: bearer(third.accessToken) }), 401, "unauthenticated");
  });

  it("ends the session when the parent is shown again after the grace, and says so in the audit log", async () => {
    const owner = await aTenant();
    const second = (await refresh(owner.refreshToken)).body;
    const later = aPlatform({ clock: { now: () => Date.now() + 11_000 } });
    expect(await refusal(refreshSession(later, owner.refreshToken))).toBe("unauthenticated");
    expectProblem(await refresh(second.refreshToken), 401, "unauthenticated");
    const { body } = await (await aMember(owner, "admin")).call("/v1/audit-entries?action=session.refresh-reused");
    expect(body.data).toMatchObject([{ target: { type: "session", id: owner.sessionId } }]);
  });

  it("refuses a token past its idle life, and one past the life of its session", async () => {
    const idle = await aTenant();
    const day = 86_400_000;
    const nextWeek = aPlatform({ clock: { now: () => Date.now() + 7 * day + 1_000 } });
    expect(await refusal(refreshSession(nextWeek, idle.refreshToken))).toBe("unauthenticated");

    const old = await aTenant();
    const platform = aPlatform();
    await platform.db
      .update(sessions)
      .set({ expiresAt: Date.now() - 1 })
      .where(eq(sessions.id, old.sessionId));
    expectProblem(await refresh(old.refreshToken), 401, "unauthenticated");
  });

  it("never lets a token outlive its session", async () => {
    const { sessionId, refreshToken } = await aTenant();
    const { db } = aPlatform();
    const end = Date.now() + 60_000;
    await db.update(sessions).set({ expiresAt: end }).where(eq(sessions.id, sessionId));
    await refresh(refreshToken);
    const rows = await db.select().from(refreshTokens).where(eq(refreshTokens.sessionId, sessionId));
    expect(rows.filter(({ usedAt }) => usedAt === null).map(({ expiresAt }) => expiresAt)).toEqual([end]);
  });

  it("keeps no refresh token readable at rest", async () => {
    const { sessionId, refreshToken } = await aTenant();
    const { body } = await refresh(refreshToken);
    const rows = await aPlatform().db.select().from(refreshTokens).where(eq(refreshTokens.sessionId, sessionId));
    const stored = JSON.stringify(rows);
    expect(rows).toHaveLength(2);
    expect(stored).not.toContain(refreshToken);
    expect(stored).not.toContain(body.refreshToken);
  });

  it.each(["", "garbage", `rt_${"0".repeat(64)}`])("refuses %j", async (token) => {
    const answer = await refresh(token);
    expect(answer.status).toBe(token === "" ? 422 : 401);
  });
});

describe("ending sessions", () => {
  it("stops the access token and the refresh token at once on logout", async () => {
    const owner = await aTenant();
    expect((await owner.call("/v1/me")).status).toBe(200);
    expect((await owner.call("/v1/auth/logout", { method: "POST" })).status).toBe(204);
    expectProblem(await owner.call("/v1/me"), 401, "unauthenticated");
    expectProblem(await refresh(owner.refreshToken), 401, "unauthenticated");
  });

  it("lists the user's live sessions and ends one of them", async () => {
    const owner = await aTenant();
    const { body: other } = await owner.call("/v1/auth/switch-tenant", { body: { tenantId: owner.tenantId } });
    const { body: list } = await owner.call("/v1/auth/sessions");
    expect(list.data.map(({ isCurrent }: { isCurrent: boolean }) => isCurrent).sort()).toEqual([false, true]);
    const listed = list.data.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent);
    const otherId = listed.id;
    expect((await owner.call(`/v1/auth/sessions/${otherId}`)).body).toEqual(listed);
    expect((await call("/v1/me", { headers: bearer(other.accessToken) })).status).toBe(200);
    expect((await owner.call(`/v1/auth/sessions/${otherId}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await call("/v1/me", { headers: bearer(other.accessToken) }), 401, "unauthenticated");
    expectProblem(await owner.call(`/v1/auth/sessions/${otherId}`, { method: "DELETE" }), 404, "not-found");
    expect((await owner.call("/v1/me")).status).toBe(200);
  });

  it("ends all the others at once, and none of anybody else", async () => {
    const [owner, stranger] = [await aTenant(), await aTenant()];
    const { body: other } = await owner.call("/v1/auth/switch-tenant", { body: { tenantId: owner.tenantId } });
    expect((await call("/v1/me", { headers: bearer(other.accessToken) })).status).toBe(200);
    expect((await owner.call("/v1/auth/sessions", { method: "DELETE" })).status).toBe(204);
    expectProblem(await call("/v1/me", { headers: bearer(other.accessToken) }), 401, "unauthenticated");
    expectProblem(
      await call("/v1/auth/refresh", { body: { refreshToken: other.refreshToken } }),
      401,
      "unauthenticated",
    );
    for (const { call: stillIn } of [owner, stranger]) expect((await stillIn("/v1/me")).status).toBe(200);
  });

  it("answers another user's session like one that does not exist", async () => {
    const [owner, stranger] = [await aTenant(), await aTenant()];
    for (const id of [stranger.sessionId, "ses_00000000000000000000000000", "x"]) {
      expectProblem(await owner.call(`/v1/auth/sessions/${id}`, { method: "DELETE" }), 404, "not-found");
    }
    expect((await stranger.call("/v1/me")).status).toBe(200);
  });

  it("has no session to end for an API key", async () => {
    const key = await anApiKey(await aTenant(), ["*"]);
    expectProblem(await key.call("/v1/auth/logout", { method: "POST" }), 403, "forbidden");
    expectProblem(await key.call("/v1/auth/sessions"), 403, "forbidden");
    expectProblem(await key.call("/v1/me"), 403, "forbidden");
  });
});

describe("switching tenants", () => {
  it("opens a session in another tenant of the user's, with the role held there", async () => {
    const [home, other] = [await aTenant(), await aTenant("Other")];
    await inTenant(home, other, "viewer");
    const { status, body } = await home.call("/v1/auth/switch-tenant", { body: { tenantId: other.tenantId } });
    expect({ status, tenant: body.tenant.name }).toEqual({ status: 200, tenant: "Other" });
    const me = await call("/v1/me", { headers: bearer(body.accessToken) });
    expect(me.body).toMatchObject({ tenantId: other.tenantId, role: "viewer" });
    expect((await home.call("/v1/me")).body.tenantId).toBe(home.tenantId);
  });

  it("answers a tenant of others like one that does not exist", async () => {
    const [home, other] = [await aTenant(), await aTenant()];
    for (const tenantId of [other.tenantId, "ten_00000000000000000000000000"]) {
      expectProblem(await home.call("/v1/auth/switch-tenant", { body: { tenantId } }), 404, "not-found");
    }
  });
});

async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return null;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
