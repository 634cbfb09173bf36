import { env } from "cloudflare:workers";
import { desc, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { asProblem } from "../../../domain/kernel/problem.ts";
import { MINUTE_MS } from "../../../domain/kernel/time.ts";
import { auditEntries } from "../../../services/audit/table.ts";
import { eraseAccounts, tombstoneOf } from "../../../services/identity/erase-accounts.ts";
import { restore } from "../../../services/identity/restore.ts";
import { memberships } from "../../../services/identity/table.ts";
import { isSuspended } from "../../../services/limits/is-suspended.ts";
import { restTenant } from "../../../services/tenant-data/erase-tenant.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aRun, eventually } from "../../support/a-run.ts";
import { aMember, anApiKey, aTenant, inTenant, type TestMember } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";
import { mailsTo, mailTo, tokenIn } from "../../support/mailbox.ts";

const password = "correct horse battery staple";

const bringBack = (token: string) => call("/v1/auth/restore", { body: { token } });

async function registered() {
  const email = `restored-${crypto.randomUUID()}@example.com`;
  const { body } = await call("/v1/auth/register", { body: { email, password, name: "Ada" } });
  return { email, ...body, headers: { ...bearer(body.accessToken), "user-agent": "her browser" } };
}

/** The whole database as text, without what the mailbox holds of mails that were sent. */
async function everythingKept(): Promise<string> {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and name not in ('mails') and substr(name, 1, 1) <> '_' and name not like 'sqlite%'",
  ).all<{ name: string }>();
  const rows = await Promise.all(results.map(({ name }) => env.DB.prepare(`select * from "${name}"`).all()));
  return JSON.stringify(rows.map(({ results: found }) => found));
}

/** A platform on the day on which nothing comes back any more. */
function atTheEnd() {
  const { settings } = aPlatform();
  return aPlatform({ clock: { now: () => Date.now() + settings.erasureAfterMs + MINUTE_MS } });
}

describe("a deleted account", { timeout: 30_000 }, () => {
  it("is found nowhere at once, and comes back whole with the mailed link, once", async () => {
    const [ada, other] = [await registered(), await aTenant()];
    const shared = { tenantId: other.tenantId };
    const there = await inTenant({ ...other, userId: ada.user.id, email: ada.email } as TestMember, shared, "admin");
    expect((await there.call("/v1/members")).status).toBe(200);
    const { key } = (await call("/v1/api-keys", { body: { name: "k", scopes: ["*"] }, headers: ada.headers })).body;
    expect((await call("/v1/me", { method: "DELETE", headers: ada.headers })).status).toBe(204);
    expect(await everythingKept()).not.toContain(ada.email);
    const login = () => call("/v1/auth/login", { body: { email: ada.email, password } });
    expectProblem(await login(), 401, "unauthenticated");

    const token = tokenIn(await mailTo(ada.email, /account was deleted/));
    expect((await bringBack(token)).status).toBe(204);
    expectProblem(await bringBack(token), 422, "validation-failed");
    const back = await login();
    expect(back).toMatchObject({
      status: 200,
      body: { user: { id: ada.user.id, name: "Ada" }, tenant: { id: ada.tenant.id } },
    });
    const headers = bearer(back.body.accessToken);
    const { body: memberships } = await call("/v1/tenants", { headers });
    expect(memberships.data).toMatchObject([
      { id: ada.tenant.id, role: "owner" },
      { id: other.tenantId, role: "admin" },
    ]);
    const entries = await call("/v1/audit-entries?action=user.deleted", { headers });
    expect(entries.body.data).toMatchObject([{ userAgent: "her browser" }]);
    for (const old of [ada.accessToken, key]) {
      expectProblem(await call("/v1/tenant", { headers: bearer(old) }), 401, "unauthenticated");
    }
  });

  it("does not come back when its time is over; then nothing is kept of it, nor the mail that told of it", async () => {
    const ada = await registered();
    await call("/v1/me", { method: "DELETE", headers: ada.headers });
    const token = tokenIn(await mailTo(ada.email, /account was deleted/));
    // Of a request that was under way when the account went.
    const { db } = aPlatform();
    await db.insert(memberships).values({ tenantId: "ten_x", userId: ada.user.id, role: "viewer", joinedAt: 1 });
    const late = await restore(atTheEnd(), token).catch((error: unknown) => asProblem(error)?.code);
    expect(late).toBe("validation-failed");
    await eraseAccounts(atTheEnd());
    expectProblem(await bringBack(token), 422, "validation-failed");
    expect(await mailsTo(ada.email)).toEqual([]);
    expect(await everythingKept()).not.toContain(ada.email);
    const [entry] = await db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.targetId, ada.user.id))
      .orderBy(desc(auditEntries.at))
      .limit(1);
    expect(entry).toMatchObject({
      action: "user.erased",
      details: {
        rows: { closures: 1, users: 0, memberships: 1, sessions: 0 },
        tombstone: tombstoneOf(aPlatform(), ada.email),
      },
    });
    expect(await db.select().from(memberships).where(eq(memberships.userId, ada.user.id))).toEqual([]);
  });

  it("does not come back over another account of the address", async () => {
    const ada = await registered();
    await call("/v1/me", { method: "DELETE", headers: ada.headers });
    const token = tokenIn(await mailTo(ada.email, /account was deleted/));
    const again = await call("/v1/auth/register", { body: { email: ada.email, password } });
    expect(again.status).toBe(201);
    expectProblem(await bringBack(token), 409, "conflict");
    const me = await call("/v1/me", { headers: bearer(again.body.accessToken) });
    expect(me.body).toMatchObject({ id: again.body.user.id, tenantId: again.body.tenant.id });
  });
});

describe("a deleted tenant", { timeout: 30_000 }, () => {
  it("comes back with those of its people who still have an account", async () => {
    const owner = await aTenant("Reopened");
    const [member, leaver] = [await aMember(owner, "member"), await aMember(owner, "viewer")];
    const key = await anApiKey(owner, ["*"]);
    expect((await owner.call("/v1/tenant", { method: "DELETE" })).status).toBe(204);
    expect(await isSuspended(aPlatform(), owner.tenantId)).toBe(true);
    const elsewhere = await inTenant(leaver, await aTenant(), "member");
    expect((await elsewhere.call("/v1/me", { method: "DELETE" })).status).toBe(204);

    expect((await bringBack(tokenIn(await mailTo(owner.email, /Reopened was deleted/)))).status).toBe(204);
    const again = await inTenant(owner, await aTenant(), "owner");
    const back = await again.call("/v1/auth/switch-tenant", { body: { tenantId: owner.tenantId } });
    expect(back).toMatchObject({ status: 200, body: { tenant: { name: "Reopened" } } });
    const { body } = await call("/v1/members", { headers: bearer(back.body.accessToken) });
    const roles = body.data.map((one: { userId: string; role: string }) => [one.userId, one.role]);
    expect(roles).toEqual([
      [owner.userId, "owner"],
      [member.userId, "member"],
    ]);
    expectProblem(await key.call("/v1/tenant"), 401, "unauthenticated");
    expect(await isSuspended(aPlatform(), owner.tenantId)).toBe(false);
  });

  it("does not come back once it may be erased any moment", async () => {
    const owner = await aTenant("Late");
    await owner.call("/v1/tenant", { method: "DELETE" });
    const token = tokenIn(await mailTo(owner.email, /Late was deleted/));
    const late = await restore(atTheEnd(), token).catch((error: unknown) => asProblem(error)?.code);
    expect(late).toBe("validation-failed");
  });

  it("lets no run go on meanwhile", async () => {
    const owner = await aTenant();
    const wait = { StartAt: "Rest", States: { Rest: { Type: "Wait", Seconds: 3_600, End: true } } };
    const run = await aRun(owner, wait);
    await eventually(
      async () => (await owner.call("/v1/runs")).body.data,
      (runs) => runs.length === 1,
    );
    await owner.call("/v1/tenant", { method: "DELETE" });
    await restTenant(aPlatform(), owner.tenantId);
    const view = await owner.ctx.ports.runActors.of(owner.tenantId, run.id).get();
    expect(view).toMatchObject({ status: "aborted", cause: "The tenant was deleted." });
  });
});
