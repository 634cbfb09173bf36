import { describe, expect, it } from "vitest";
import { isSuspended } from "../../../services/limits/is-suspended.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { anApiKey, aTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";
import { asOperator } from "../../support/operator.ts";

const reason = "asked for by the customer";
const put = (path: string, body: unknown) => asOperator(path, { method: "PUT", body });
const post = (path: string, body: unknown) => asOperator(path, { method: "POST", body });

describe("the operator's tenants", () => {
  it("are listed newest first, with plan and suspension", async () => {
    await aTenant("Older");
    const owner = await aTenant("Listed");
    const { status, body } = await asOperator("/tenants?limit=100");
    expect(status).toBe(200);
    const found = body.data.find(({ id }: { id: string }) => id === owner.tenantId);
    expect(found).toMatchObject({ name: "Listed", plan: "free", suspendedAt: null, suspendedReason: null });
    expect((await asOperator("/tenants?limit=1")).body.nextCursor).toEqual(expect.any(String));
    expect((await asOperator(`/tenants/${owner.tenantId}`)).body).toEqual(found);
  });

  it("are not found by an id that is none", async () => {
    for (const path of ["/tenants/ten_none", "/tenants/%2e%2e"]) expect((await asOperator(path)).status).toBe(404);
    expectProblem(await put("/tenants/ten_none/limits", { limits: {}, reason }), 404, "not-found");
    expectProblem(await put("/tenants/ten_none/plan", { plan: "pro", reason }), 404, "not-found");
    expectProblem(await post("/tenants/ten_none/suspend", { reason }), 404, "not-found");
  });

  it.each([
    ["GET", "", undefined],
    ["PUT", "/limits", { limits: {}, reason }],
    ["PUT", "/plan", { plan: "pro", reason }],
    ["POST", "/suspend", { reason }],
    ["POST", "/resume", {}],
  ])("are closed to members, keys and strangers: %s %s", async (method, path, body) => {
    const owner = await aTenant();
    const { key } = await anApiKey(owner, ["*"]);
    for (const headers of [{}, bearer(owner.token), bearer(key), bearer("operator-token-for-tests")]) {
      const answer = await call(`/v1/operator/tenants/${owner.tenantId}${path}`, { method, body, headers });
      expectProblem(answer, 401, "unauthenticated");
    }
    expect((await owner.call("/v1/tenant")).status).toBe(200);
  });
});

describe("an operator's change of limits", () => {
  it("answers with the limits that hold now, and is in the tenant's audit log with its reason", async () => {
    const owner = await aTenant();
    const limits = { requests: { limit: 50, windowSeconds: 30 } };
    const { status, body } = await put(`/tenants/${owner.tenantId}/limits`, { limits, reason });
    expect(status).toBe(200);
    expect(body.limits[0]).toMatchObject({ name: "requests", limit: 50, windowSeconds: 30, source: "operator" });
    const audit = await owner.call("/v1/audit-entries?action=limits.changed");
    expect(audit.body.data).toMatchObject([
      { actor: { type: "operator" }, target: { type: "tenant", id: owner.tenantId }, details: { limits, reason } },
    ]);
  });

  it("replaces the one before", async () => {
    const owner = await aTenant();
    const path = `/tenants/${owner.tenantId}/limits`;
    await put(path, { limits: { reads: { limit: 5 } }, reason });
    const { body } = await put(path, { limits: { writes: { limit: 6 } }, reason });
    const own = body.limits.filter(({ source }: { source: string }) => source === "operator");
    expect(own).toMatchObject([{ name: "writes", limit: 6, windowSeconds: 60 }]);
  });

  it("is over when it expires", async () => {
    const owner = await aTenant();
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    await put(`/tenants/${owner.tenantId}/limits`, { limits: { requests: { limit: 1 } }, reason, expiresAt });
    for (let i = 0; i < 3; i++) expect((await owner.call("/v1/tenant")).status).toBe(200);
  });

  it.each([
    ["no reason", { limits: { requests: { limit: 5, windowSeconds: 60 } } }, "/reason"],
    ["no limits", { reason }, "/limits"],
    ["an unknown limit", { limits: { wishes: { limit: 5 } }, reason }, "/limits/wishes"],
    ["a limit of nothing", { limits: { requests: { limit: 0 } }, reason }, "/limits/requests/limit"],
    ["a fraction", { limits: { requests: { limit: 1.5 } }, reason }, "/limits/requests/limit"],
    [
      "a window on a quota",
      { limits: { runs: { limit: 5, windowSeconds: 60 } }, reason },
      "/limits/runs/windowSeconds",
    ],
    ["an end that is no time", { limits: {}, reason, expiresAt: "soon" }, "/expiresAt"],
  ])("is refused with %s", async (_, body, pointer) => {
    const owner = await aTenant();
    const answer = await put(`/tenants/${owner.tenantId}/limits`, body);
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });
});

describe("a plan", () => {
  it("changes the limits, audited", async () => {
    const owner = await aTenant();
    await owner.call("/v1/tenant");
    const { status, body } = await put(`/tenants/${owner.tenantId}/plan`, { plan: "pro", reason });
    expect([status, body.plan]).toEqual([200, "pro"]);
    expect((await owner.call("/v1/tenant")).headers.get("ratelimit-policy")).toContain('"requests";q=60000;w=60');
    const audit = await owner.call("/v1/audit-entries?action=tenant.plan-changed");
    expect(audit.body.data).toMatchObject([{ details: { plan: "pro", reason } }]);
  });

  it("is refused without a reason, and when there is no such plan", async () => {
    const owner = await aTenant();
    expectProblem(await put(`/tenants/${owner.tenantId}/plan`, { plan: "pro" }), 422, "validation-failed");
    expectProblem(await put(`/tenants/${owner.tenantId}/plan`, { plan: "gold", reason }), 422, "validation-failed");
  });
});

describe("a suspended tenant", () => {
  it("is read and left, and not written to, until it is resumed", async () => {
    const owner = await aTenant();
    await owner.call("/v1/tenant");
    const suspended = await post(`/tenants/${owner.tenantId}/suspend`, { reason });
    expect(suspended.body).toMatchObject({ suspendedAt: expect.any(String), suspendedReason: reason });
    expect((await owner.call("/v1/tenant")).status).toBe(200);
    expect((await owner.call("/v1/me/export")).status).toBe(200);
    const write = await owner.call("/v1/tenant", { method: "PATCH", body: { name: "No" } });
    expectProblem(write, 403, "tenant-suspended");
    expect(write.headers.get("ratelimit")).not.toBeNull();
    expectProblem(await owner.call("/v1/workflows/x/runs", { method: "POST", body: {} }), 403, "tenant-suspended");
    expect(await isSuspended(aPlatform(), owner.tenantId)).toBe(true);

    const resumed = await post(`/tenants/${owner.tenantId}/resume`, {});
    expect(resumed.body).toMatchObject({ suspendedAt: null, suspendedReason: null });
    expect((await owner.call("/v1/tenant", { method: "PATCH", body: { name: "Yes" } })).status).toBe(200);
    expect(await isSuspended(aPlatform(), owner.tenantId)).toBe(false);
    const audit = await owner.call("/v1/audit-entries?limit=100");
    const actions = audit.body.data.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(expect.arrayContaining(["tenant.suspended", "tenant.resumed"]));
  });

  it("lets its people sign out", async () => {
    const owner = await aTenant();
    await post(`/tenants/${owner.tenantId}/suspend`, { reason });
    expect((await owner.call("/v1/auth/logout", { method: "POST" })).status).toBe(204);
    expect((await owner.call("/v1/tenant")).status).toBe(401);
  });

  it("has keys that do nothing", async () => {
    const owner = await aTenant();
    const { call: callWithKey } = await anApiKey(owner, ["*"]);
    expect((await callWithKey("/v1/tenant")).status).toBe(200);
    await post(`/tenants/${owner.tenantId}/suspend`, { reason });
    expectProblem(await callWithKey("/v1/tenant"), 403, "tenant-suspended");
  });

  it("is not suspended without a reason", async () => {
    const owner = await aTenant();
    expectProblem(await post(`/tenants/${owner.tenantId}/suspend`, {}), 422, "validation-failed");
  });
});
