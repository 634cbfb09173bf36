import { describe, expect, it } from "vitest";
import { aMember, anApiKey, aTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

describe("tenants", () => {
  it("are made by anyone signed in, who owns them and may switch to them", async () => {
    const user = await aMember(await aTenant(), "viewer");
    const created = await user.call("/v1/tenants", { body: { name: "Second" } });
    expect(created).toMatchObject({ status: 201, body: { name: "Second", settings: {} } });
    const { body: list } = await user.call("/v1/tenants");
    expect(list.data.map(({ name, role }: Record<string, string>) => [name, role])).toEqual([
      ["Test tenant", "viewer"],
      ["Second", "owner"],
    ]);
    const { body: pair } = await user.call("/v1/auth/switch-tenant", { body: { tenantId: created.body.id } });
    expect((await call("/v1/tenant", { headers: bearer(pair.accessToken) })).body).toEqual(created.body);
  });

  it("merge changes of settings, so that null removes and the rest stays", async () => {
    const owner = await aTenant();
    const patch = (settings: unknown) => owner.call("/v1/tenant", { method: "PATCH", body: { settings } });
    await patch({ theme: "dark", limits: { a: 1, b: 2 } });
    const { body } = await patch({ theme: null, limits: { b: 3 }, locale: "en" });
    expect(body.settings).toEqual({ limits: { a: 1, b: 3 }, locale: "en" });
  });

  it("let two editors of different settings both win", async () => {
    const owner = await aTenant();
    const names = ["a", "b", "c", "d"];
    await Promise.all(
      names.map((name) => owner.call("/v1/tenant", { method: "PATCH", body: { settings: { [name]: true } } })),
    );
    const { body } = await owner.call("/v1/tenant");
    expect(Object.keys(body.settings).sort()).toEqual(names);
  });

  it.each([
    [{ name: "" }, "/name"],
    [{ plan: "enterprise" }, "/plan"],
    [{ id: "ten_1" }, "/id"],
    [{ settings: [] }, "/settings"],
    [{ settings: { big: "x".repeat(20_000) } }, "/settings"],
    [{ settings: { maxConcurrentRuns: 0 } }, "/settings/maxConcurrentRuns"],
    [{ settings: { runRetentionDays: "soon" } }, "/settings/runRetentionDays"],
  ])("refuse %#", async (body, pointer) => {
    const answer = await (await aTenant()).call("/v1/tenant", { method: "PATCH", body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it("close for everyone at once when deleted", async () => {
    const owner = await aTenant();
    const [member, key] = [await aMember(owner, "member"), await anApiKey(owner, ["*"])];
    expect((await key.call("/v1/tenant")).status).toBe(200);
    expect((await member.call("/v1/tenant")).status).toBe(200);
    expect((await owner.call("/v1/tenant", { method: "DELETE" })).status).toBe(204);
    for (const actor of [owner, member, key]) expectProblem(await actor.call("/v1/tenant"), 401, "unauthenticated");
    expectProblem(
      await call("/v1/auth/refresh", { body: { refreshToken: owner.refreshToken } }),
      401,
      "unauthenticated",
    );
  });

  it("are not a key's to delete, whatever its scopes", async () => {
    const owner = await aTenant();
    for (const scopes of [["settings:write"], ["*"]] as const) {
      const key = await anApiKey(owner, [...scopes]);
      expectProblem(await key.call("/v1/tenant", { method: "DELETE" }), 403, "forbidden");
      expectProblem(await key.call("/v1/tenant/export", { method: "POST" }), 403, "forbidden");
    }
  });
});

describe("the audit log", () => {
  it("tells who did what to what, newest first, page by page", async () => {
    const owner = await aTenant();
    const key = await anApiKey(owner, ["settings:read", "settings:write"]);
    await key.call("/v1/tenant", { method: "PATCH", body: { name: "New" }, headers: { "user-agent": "test" } });
    const first = await owner.call("/v1/audit-entries?limit=1");
    expect(first.body.data).toMatchObject([
      {
        action: "tenant.updated",
        actor: { type: "api-key", id: key.id },
        target: { type: "tenant", id: owner.tenantId },
        userAgent: "test",
        details: { after: { name: "New" } },
      },
    ]);
    const second = await owner.call(`/v1/audit-entries?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.data).toMatchObject([{ action: "api-key.created", actor: { type: "user", id: owner.userId } }]);
  });

  it("is searched by action, actor, target and time", async () => {
    const owner = await aTenant();
    const key = await anApiKey(owner, ["settings:write"]);
    await owner.call("/v1/tenant", { method: "PATCH", body: { name: "New" } });
    // Reading the log is itself an act of the owner's.
    const actions = async (query: string) => {
      const { body } = await owner.call(`/v1/audit-entries?${query}`);
      const all = body.data.map(({ action }: { action: string }) => action) as string[];
      return all.filter((action) => action !== "audit-log.read");
    };
    expect(await actions("action=tenant.updated")).toEqual(["tenant.updated"]);
    expect(await actions(`target=${key.id}`)).toEqual(["api-key.created"]);
    expect(await actions(`actor=${owner.userId}`)).toEqual(["tenant.updated", "api-key.created"]);
    expect(await actions("to=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await actions("from=2020-01-01T00:00:00Z&action=api-key.created")).toEqual(["api-key.created"]);
  });

  it("shows nothing of another tenant, not even for its ids or cursors", async () => {
    const [owner, stranger] = [await aTenant(), await aTenant()];
    await owner.call("/v1/tenant", { method: "PATCH", body: { name: "A" } });
    await owner.call("/v1/tenant", { method: "PATCH", body: { name: "B" } });
    const { body } = await owner.call("/v1/audit-entries?limit=1");
    const cursor = encodeURIComponent(body.nextCursor);
    for (const query of ["", `?actor=${owner.userId}`, `?target=${owner.tenantId}`, `?cursor=${cursor}`]) {
      expect((await stranger.call(`/v1/audit-entries${query}`)).body.data).toEqual([]);
    }
  });

  it.each(["cursor=garbage", "cursor=WzFd", "limit=0", "limit=101", "limit=x", "from=yesterday", "who=me"])(
    "refuses ?%s",
    async (query) => {
      expectProblem(await (await aTenant()).call(`/v1/audit-entries?${query}`), 422, "validation-failed");
    },
  );
});

refusesTheWrongActor({
  name: "GET /v1/tenant",
  permission: "settings:read",
  namesResource: false,
  arrange: async () => ({ path: "/v1/tenant" }),
});
refusesTheWrongActor({
  name: "PATCH /v1/tenant",
  permission: "settings:write",
  namesResource: false,
  arrange: async () => ({ path: "/v1/tenant", method: "PATCH", body: { name: "x" } }),
});
refusesTheWrongActor({
  name: "DELETE /v1/tenant",
  permission: "tenant:delete",
  namesResource: false,
  arrange: async () => ({ path: "/v1/tenant", method: "DELETE" }),
});
refusesTheWrongActor({
  name: "GET /v1/audit-entries",
  permission: "audit:read",
  namesResource: false,
  arrange: async () => ({ path: "/v1/audit-entries" }),
});
