import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { apiKeys } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aMember, anApiKey, aTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const ABSENT = "key_00000000000000000000000000";

describe("API keys", () => {
  it("are shown once, kept as a digest, and work within their scopes", async () => {
    const owner = await aTenant();
    const created = await owner.call("/v1/api-keys", { body: { name: "CI", scopes: ["members:read"] } });
    expect(created.status).toBe(201);
    expect(created.body.key).toMatch(/^weft_live_[0-9A-Za-z]{36}$/);
    const { key, ...shown } = created.body;
    expect(shown).toMatchObject({ name: "CI", scopes: ["members:read"], createdBy: owner.userId, lastUsedAt: null });
    const rows = await aPlatform().db.select().from(apiKeys).where(eq(apiKeys.id, shown.id));
    expect(JSON.stringify(rows)).not.toContain(key);

    expect((await call("/v1/members", { headers: bearer(key) })).status).toBe(200);
    expectProblem(await call("/v1/tenant", { headers: bearer(key) }), 403, "forbidden");
    const list = await owner.call("/v1/api-keys");
    expect(list.body.data).toEqual([{ ...shown, lastUsedAt: expect.any(String) }]);
    expect((await owner.call(`/v1/api-keys/${shown.id}`)).body).toEqual(list.body.data[0]);
  });

  it("stop at once when deleted", async () => {
    const owner = await aTenant();
    const key = await anApiKey(owner, ["*"]);
    expect((await key.call("/v1/tenant")).status).toBe(200);
    expect((await owner.call(`/v1/api-keys/${key.id}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await key.call("/v1/tenant"), 401, "unauthenticated");
    expect((await owner.call("/v1/api-keys")).body.data).toEqual([]);
    expectProblem(await owner.call(`/v1/api-keys/${key.id}`), 404, "not-found");
  });

  it("stop at the end of their life", async () => {
    const owner = await aTenant();
    const { key, id } = await anApiKey(owner, ["*"]);
    await aPlatform()
      .db.update(apiKeys)
      .set({ expiresAt: Date.now() - 1 })
      .where(eq(apiKeys.id, id));
    expectProblem(await call("/v1/tenant", { headers: bearer(key) }), 401, "unauthenticated");
  });

  it("make no key that outlives them", async () => {
    const owner = await aTenant();
    const [end, later] = [3_600_000, 7_200_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const minting = { name: "Mints", scopes: ["keys:write", "runs:read"], expiresAt: end };
    const { key } = (await owner.call("/v1/api-keys", { body: minting })).body;
    const mint = (more: object) =>
      call("/v1/api-keys", { body: { name: "New", scopes: ["runs:read"], ...more }, headers: bearer(key) });
    expect(await mint({})).toMatchObject({ status: 201, body: { expiresAt: end } });
    expectProblem(await mint({ expiresAt: later }), 403, "forbidden");
  });

  it("do what their maker may do now: less after a demotion, nothing after a removal", async () => {
    const owner = await aTenant();
    const admin = await aMember(owner, "admin");
    const key = await anApiKey(admin, ["settings:read", "settings:write"]);
    const rename = { method: "PATCH", body: { name: "Renamed" } };
    expect((await key.call("/v1/tenant", rename)).status).toBe(200);
    await owner.call(`/v1/members/${admin.userId}`, { method: "PATCH", body: { role: "viewer" } });
    expectProblem(await key.call("/v1/tenant", rename), 403, "forbidden");
    expect((await key.call("/v1/tenant")).status).toBe(200);
    await owner.call(`/v1/members/${admin.userId}`, { method: "DELETE" });
    expectProblem(await key.call("/v1/tenant"), 401, "unauthenticated");
  });

  it.each([
    ["a key beyond its scopes", ["members:read"]],
    ["everything", ["*"]],
  ] as const)("never mint %s", async (_, scopes) => {
    const key = await anApiKey(await aTenant(), ["keys:write"]);
    expectProblem(await key.call("/v1/api-keys", { body: { name: "More", scopes } }), 403, "forbidden");
    expect((await key.call("/v1/api-keys", { body: { name: "Same", scopes: ["keys:write"] } })).status).toBe(201);
  });

  it("with every scope are an owner's to make", async () => {
    const admin = await aMember(await aTenant(), "admin");
    expectProblem(await admin.call("/v1/api-keys", { body: { name: "All", scopes: ["*"] } }), 403, "forbidden");
  });

  it.each([
    [{ name: "x", scopes: ["everything:write"] }, "/scopes/0"],
    [{ name: "x", scopes: ["tenant:delete"] }, "/scopes/0"],
    [{ name: "x", scopes: [] }, "/scopes"],
    [{ name: "", scopes: ["*"] }, "/name"],
    [{ scopes: ["*"] }, "/name"],
    [{ name: "x", scopes: ["*"], expiresAt: "2020-01-01T00:00:00Z" }, "/expiresAt"],
    [{ name: "x", scopes: ["*"], expiresAt: "tomorrow" }, "/expiresAt"],
    [{ name: "x", scopes: ["*"], tenantId: "ten_1" }, "/tenantId"],
  ])("are refused as %j", async (body, pointer) => {
    const answer = await (await aTenant()).call("/v1/api-keys", { body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });
});

describe("rotating a key", () => {
  it("keeps the old one beside the new one through the overlap", async () => {
    const owner = await aTenant();
    const old = await anApiKey(owner, ["settings:read"]);
    const rotated = await owner.call(`/v1/api-keys/${old.id}/rotate`, { body: { overlapSeconds: 60 } });
    expect(rotated).toMatchObject({ status: 201, body: { scopes: ["settings:read"], expiresAt: null } });
    expect((await call("/v1/tenant", { headers: bearer(rotated.body.key) })).status).toBe(200);
    expect((await old.call("/v1/tenant")).status).toBe(200);
    const listed = (await owner.call("/v1/api-keys")).body.data.find(({ id }: { id: string }) => id === old.id);
    expect(listed).toMatchObject({ replacedBy: rotated.body.id, expiresAt: expect.any(String) });
  });

  it("without an overlap stops the old one at once", async () => {
    const owner = await aTenant();
    const old = await anApiKey(owner, ["settings:read"]);
    expect((await old.call("/v1/tenant")).status).toBe(200);
    await owner.call(`/v1/api-keys/${old.id}/rotate`, { body: {} });
    expectProblem(await old.call("/v1/tenant"), 401, "unauthenticated");
  });

  it("happens once, even when asked for twice at the same time", async () => {
    const owner = await aTenant();
    const { id } = await anApiKey(owner, ["settings:read"]);
    const twice = [1, 2].map(() => owner.call(`/v1/api-keys/${id}/rotate`, { body: { overlapSeconds: 60 } }));
    expect((await Promise.all(twice)).map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it("hands nobody more than they hold", async () => {
    const owner = await aTenant();
    const all = await anApiKey(owner, ["*"]);
    const admin = await aMember(owner, "admin");
    expectProblem(await admin.call(`/v1/api-keys/${all.id}/rotate`, { body: {} }), 403, "forbidden");
  });

  it("refuses an overlap beyond seven days", async () => {
    const owner = await aTenant();
    const { id } = await anApiKey(owner, ["settings:read"]);
    const answer = await owner.call(`/v1/api-keys/${id}/rotate`, { body: { overlapSeconds: 604_801 } });
    expectProblem(answer, 422, "validation-failed");
  });
});

refusesTheWrongActor({
  name: "POST /v1/api-keys",
  permission: "keys:write",
  namesResource: false,
  arrange: async () => ({ path: "/v1/api-keys", body: { name: "x", scopes: ["runs:read"] } }),
});
refusesTheWrongActor({
  name: "GET /v1/api-keys",
  permission: "keys:read",
  namesResource: false,
  arrange: async () => ({ path: "/v1/api-keys" }),
});
refusesTheWrongActor({
  name: "POST /v1/api-keys/{id}/rotate",
  permission: "keys:write",
  namesResource: true,
  absent: { path: `/v1/api-keys/${ABSENT}/rotate` },
  arrange: async (owner) => ({ path: `/v1/api-keys/${(await anApiKey(owner, ["runs:read"])).id}/rotate`, body: {} }),
});
refusesTheWrongActor({
  name: "DELETE /v1/api-keys/{id}",
  permission: "keys:write",
  namesResource: true,
  absent: { path: `/v1/api-keys/${ABSENT}` },
  arrange: async (owner) => ({ path: `/v1/api-keys/${(await anApiKey(owner, ["runs:read"])).id}`, method: "DELETE" }),
});
