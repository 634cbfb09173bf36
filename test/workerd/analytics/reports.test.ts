import { describe, expect, it, vi } from "vitest";
import { aTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, completion, json } from "../llm/a-provider.ts";

const PRICES = { m: { inputUsdMicrosPerMillionTokens: 0, outputUsdMicrosPerMillionTokens: 2_000_000 } };

async function aPayer() {
  const owner = await aTenant();
  await aProvider(owner, () => json(completion("Hello.")), { prices: PRICES });
  await owner.call("/v1/chat/completions", { body: { model: "mock/m", messages: [{ role: "user", content: "hi" }] } });
  await vi.waitFor(async () => expect((await owner.call("/v1/usage")).body.data).not.toEqual([]));
  return owner;
}

describe("a report", () => {
  it("is a table, as JSON and as a file", async () => {
    const owner = await aPayer();
    const day = new Date().toISOString().slice(0, 10);
    const { body } = await owner.call("/v1/reports/cost");
    expect(body).toMatchObject({ report: "cost", data: [{ day, model: "mock/m", calls: 1, costUsdMicros: 1_000 }] });
    const file = await owner.fetch("/v1/reports/cost?format=csv");
    expect(file.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(file.headers.get("content-disposition")).toBe('attachment; filename="cost.csv"');
    expect(await file.text()).toBe(`${body.columns.join(",")}\r\n${day},mock/m,1,1000,true,0,0\r\n`);
  });

  it("is of days, and refuses what usage refuses", async () => {
    const { call } = await aPayer();
    const day = new Date().toISOString().slice(0, 10);
    expect((await call(`/v1/reports/models?to=${day}`)).body.data).toEqual([]);
    expect((await call(`/v1/reports/models?from=${day}`)).body.data).toMatchObject([{ model: "mock/m", calls: 1 }]);
    const longAgo = "from=2020-01-01";
    expect((await call(`/v1/reports/models?${longAgo}`)).status).toBe(200);
    expectProblem(await call(`/v1/reports/usage?${longAgo}`), 422, "validation-failed");
  });

  it("has the formats and names that it has", async () => {
    const { call } = await aTenant();
    const refusal = await call("/v1/reports/cost?format=pdf");
    expectProblem(refusal, 422, "validation-failed");
    expect(refusal.body.errors).toMatchObject([{ pointer: "?format" }]);
    expectProblem(await call("/v1/reports/satisfaction"), 404, "not-found");
  });
});

refusesTheWrongActor({
  name: "GET /v1/reports/workflows",
  permission: "usage:read",
  arrange: async () => ({ path: "/v1/reports/workflows" }),
  namesResource: false,
});
