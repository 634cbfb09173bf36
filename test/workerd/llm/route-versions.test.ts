import { and, eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { auditEntries } from "../../../services/audit/table.ts";
import { feedback, modelCalls } from "../../../services/llm/table.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, completion, json } from "./a-provider.ts";

const path = "/v1/model-routes/answers";
const LOCAL = { strategy: "fallback", targets: [{ model: "local/extractive" }] };
const put = (owner: TestMember, more: object = {}) => owner.call(path, { method: "PUT", body: { ...LOCAL, ...more } });
const rollBack = (owner: TestMember, version: unknown) => owner.call(`${path}/rollback`, { body: { version } });

async function threeVersions(): Promise<TestMember> {
  const owner = await aTenant();
  for (const retries of [1, 2, 3]) await put(owner, { retries });
  return owner;
}

describe("the versions of a model route", () => {
  it("are one for each change, newest first, and say who made them", async () => {
    const owner = await threeVersions();
    const { body } = await owner.call(`${path}/versions`);
    expect(body.data.map((row: { version: number; retries: number }) => [row.version, row.retries])).toEqual([
      [3, 3],
      [2, 2],
      [1, 1],
    ]);
    const { body: second } = await owner.call(`${path}/versions/2`);
    expect(second).toEqual(body.data[1]);
    expect(second).toMatchObject({ name: "answers", ...LOCAL, restoredFrom: null, guardrails: [] });
    expect(second.createdBy).toEqual({ type: "user", id: owner.userId });
    const { body: page } = await owner.call(`${path}/versions?limit=2`);
    const { body: rest } = await owner.call(`${path}/versions?limit=2&cursor=${page.nextCursor}`);
    expect(rest.data.map(({ version }: { version: number }) => version)).toEqual([1]);
  });

  it("are no more after a PUT that changes nothing", async () => {
    const owner = await threeVersions();
    const again = await put(owner, { retries: 3, guardrails: [] });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ version: 3, retries: 3 });
    expect(again.body).toEqual((await owner.call(path)).body);
    expect((await owner.call(`${path}/versions`)).body.data).toHaveLength(3);
  });

  it("go on counting when a route is made anew after its deletion", async () => {
    const owner = await threeVersions();
    await owner.call(path, { method: "DELETE" });
    expectProblem(await owner.call(`${path}/versions`), 404, "not-found");
    expectProblem(await rollBack(owner, 1), 404, "not-found");
    const anew = await put(owner);
    expect(anew.status).toBe(201);
    expect(anew.body.version).toBe(4);
    expect((await owner.call(`${path}/versions`)).body.data).toHaveLength(4);
  });

  it.each(["0", "x", "1.5"])("are not found by the number %s", async (version) => {
    const owner = await threeVersions();
    expectProblem(await owner.call(`${path}/versions/${version}`), 422, "validation-failed");
  });

  it("are made one at a time: of changes at the same moment, those that lose are conflicts", async () => {
    const owner = await threeVersions();
    const answers = await Promise.all([4, 5].map((retries) => put(owner, { retries })));
    const numbers = (await owner.call(`${path}/versions`)).body.data.map((row: { version: number }) => row.version);
    const landed = answers.filter(({ status }) => status === 200).length;
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect(numbers).toEqual(Array.from({ length: 3 + landed }, (_, i) => 3 + landed - i));
  });
});

describe("a rollback", () => {
  it("makes an earlier version the newest, under a new number, and is audited", async () => {
    const owner = await threeVersions();
    const answer = await rollBack(owner, 1);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ version: 4, retries: 1 });
    expect((await owner.call(path)).body).toEqual(answer.body);
    expect((await owner.call(`${path}/versions/4`)).body).toMatchObject({ retries: 1, restoredFrom: 1 });
    const [entry] = await owner.ctx.db
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.tenantId, owner.tenantId), eq(auditEntries.action, "model-route.rolled-back")));
    expect(entry?.details).toMatchObject({ restoredFrom: 1, before: { version: 3 }, after: { version: 4 } });
  });

  it("to what the route already is changes nothing", async () => {
    const owner = await threeVersions();
    expect((await rollBack(owner, 3)).body.version).toBe(3);
  });

  it.each([9, 0, "1", null])("refuses the version %s, which is none", async (version) => {
    const answer = await rollBack(await threeVersions(), version);
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe("/version");
  });

  it("refuses a version whose provider is gone", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    await put(owner, { targets: [{ model: "mock/m" }] });
    await put(owner);
    await owner.call("/v1/providers/mock", { method: "DELETE" });
    const answer = await rollBack(owner, 1);
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toEqual([{ pointer: "/version", detail: "mock/m is not a model of a known provider" }]);
  });
});

describe("what calls to a route say of its version", () => {
  it("is told by performance and by experiments", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    await aProvider(owner, () => json({ error: { message: "down" } }, 400), {}, "bad");
    const targets = [{ model: "mock/m" }];
    await put(owner, { targets });
    const ask = () =>
      owner.call("/v1/chat/completions", { body: { model: "answers", messages: [{ role: "user", content: "hi" }] } });
    const { headers } = await ask();
    await put(owner, { targets, retries: 0 });
    const variants = ["mock/m", "bad/m"].map((model, at) => ({ name: `v${at}`, model, weight: at === 0 ? 1 : 0 }));
    const created = await owner.call("/v1/experiments", { body: { name: "Try", route: "answers", variants } });
    expect(created.body.routeVersion).toBe(2);
    await ask();
    const { db } = owner.ctx;
    await vi.waitFor(async () =>
      expect(await db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId))).toHaveLength(2),
    );
    await owner.call("/v1/feedback", { body: { target: headers.get("x-request-id"), rating: 4 } });
    expect(await db.select().from(feedback).where(eq(feedback.tenantId, owner.tenantId))).toHaveLength(1);

    const { body } = await owner.call("/v1/models/performance?route=answers");
    expect(body.data).toMatchObject([{ provider: "mock", calls: 2, rating: { mean: 4, count: 1 }, drift: null }]);
    expect(body.data[0].routeVersions).toMatchObject([
      { route: "answers", version: 1, calls: 1, rating: { mean: 4, count: 1 } },
      { route: "answers", version: 2, calls: 1, rating: { mean: null, count: 0 } },
    ]);
    expect((await owner.call("/v1/models/performance?route=other")).body.data).toEqual([]);
    const { body: results } = await owner.call(`/v1/experiments/${created.body.id}/results`);
    expect(results.variants).toMatchObject([
      { calls: 1, routeVersions: [2] },
      { calls: 0, routeVersions: [] },
    ]);
  });
});

refusesTheWrongActor({
  name: "GET /v1/model-routes/{name}/versions",
  permission: "llm:read",
  arrange: async (owner) => {
    await put(owner);
    return { path: `${path}/versions` };
  },
  namesResource: true,
  absent: { path: "/v1/model-routes/none/versions" },
});

refusesTheWrongActor({
  name: "POST /v1/model-routes/{name}/rollback",
  permission: "settings:write",
  arrange: async (owner) => {
    await put(owner);
    return { path: `${path}/rollback`, body: { version: 1 } };
  },
  namesResource: true,
  absent: { path: "/v1/model-routes/none/rollback" },
});
