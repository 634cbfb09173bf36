import { and, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { auditEntries } from "../../../services/audit/table.ts";
import { providers } from "../../../services/llm/table.ts";
import { aMember, aTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const path = "/v1/providers/mine";
const body = { kind: "openai-compatible", baseUrl: "https://models.example.com/v1", apiKey: "sk-very-secret" };
const put = (more: object = {}) => ({ method: "PUT", body: { ...body, ...more } });

describe("a provider", () => {
  it("is registered, replaced, listed and forgotten, and never shows its key", async () => {
    const owner = await aTenant();
    const created = await owner.call(path, put({ timeoutMs: 5_000 }));
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      name: "mine",
      kind: body.kind,
      hasApiKey: true,
      timeoutMs: 5_000,
      prices: {},
    });
    expect((await owner.call(path, put())).status).toBe(200);
    const read = await owner.call(path);
    const list = await owner.call("/v1/providers");
    expect(list.body).toEqual({ data: [read.body], nextCursor: null });
    expect(JSON.stringify([created.body, read.body, list.body])).not.toContain("sk-very");
    expect((await owner.call(path, { method: "DELETE" })).status).toBe(204);
    expectProblem(await owner.call(path), 404, "not-found");
    expectProblem(await owner.call(path, { method: "DELETE" }), 404, "not-found");
  });

  it("rests with its key sealed, and leaves entries without it in the audit log", async () => {
    const owner = await aTenant();
    await owner.call(path, put());
    const { db } = owner.ctx;
    const [row] = await db.select().from(providers).where(eq(providers.tenantId, owner.tenantId));
    expect(row?.sealedApiKey).toBeTruthy();
    expect(JSON.stringify(row)).not.toContain("sk-very");
    const entries = await db
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.tenantId, owner.tenantId), eq(auditEntries.action, "provider.created")));
    expect(entries).toHaveLength(1);
    expect(JSON.stringify(entries)).not.toContain("sk-very");
  });

  it("keeps its key while its address stays, and loses it when the address changes", async () => {
    const owner = await aTenant();
    await owner.call(path, put());
    const same = await owner.call(path, put({ apiKey: undefined, timeoutMs: 900 }));
    expect(same.body).toMatchObject({ hasApiKey: true, timeoutMs: 900 });
    const moved = await owner.call(path, put({ apiKey: undefined, baseUrl: "https://elsewhere.example.com/v1" }));
    expect(moved.body.hasApiKey).toBe(false);
  });

  it.each([
    ["an unknown kind", { kind: "magic" }],
    ["an unknown member", { organisation: "x" }],
    ["no address for a compatible server", { baseUrl: undefined }],
    ["a key for the local provider", { kind: "local", baseUrl: undefined }],
    ["a key that would split a header", { apiKey: "sk\r\nx: y" }],
    ["a timeout of nothing", { timeoutMs: 0 }],
    [
      "a price in fractions",
      { prices: { m: { inputUsdMicrosPerMillionTokens: 0.5, outputUsdMicrosPerMillionTokens: 1 } } },
    ],
    ["a negative price", { prices: { m: { inputUsdMicrosPerMillionTokens: -1, outputUsdMicrosPerMillionTokens: 1 } } }],
    ["an address that is no URL", { baseUrl: "models" }],
  ])("is refused with %s", async (_name, more) => {
    const owner = await aTenant();
    expectProblem(await owner.call(path, put(more)), 422, "validation-failed");
  });

  it.each([
    "http://models.example.com",
    "https://127.0.0.1/v1",
    "https://10.0.0.1",
    "https://metadata.google.internal",
  ])("is refused at %s", async (baseUrl) => {
    const owner = await aTenant();
    expectProblem(await owner.call(path, put({ baseUrl })), 422, "forbidden-target");
  });

  it.each(["Upper", "with/slash", "local"])("cannot be named %s", async (name) => {
    const owner = await aTenant();
    const { status } = await owner.call(`/v1/providers/${name}`, put());
    expect(name.includes("/") ? 404 : 422).toBe(status);
  });

  it("is an admin's to change", async () => {
    const owner = await aTenant();
    expectProblem(await (await aMember(owner, "member")).call(path, put()), 403, "forbidden");
    expect((await (await aMember(owner, "admin")).call(path, put())).status).toBe(201);
  });
});

refusesTheWrongActor({
  name: "PUT /v1/providers/{name}",
  permission: "settings:write",
  arrange: async () => ({ path, ...put() }),
  namesResource: false,
});

refusesTheWrongActor({
  name: "GET /v1/providers/{name}",
  permission: "llm:read",
  arrange: async (owner) => {
    await owner.call(path, put());
    return { path };
  },
  namesResource: true,
  absent: { path: "/v1/providers/none" },
});

refusesTheWrongActor({
  name: "DELETE /v1/providers/{name}",
  permission: "settings:write",
  arrange: async (owner) => {
    await owner.call(path, put());
    return { path, method: "DELETE" };
  },
  namesResource: true,
  absent: { path: "/v1/providers/none" },
});
