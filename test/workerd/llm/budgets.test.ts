import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DAY_MS, isoTime } from "../../../domain/kernel/time.ts";
import { budgetMonth } from "../../../domain/llm/budget.ts";
import { auditEntries } from "../../../services/audit/table.ts";
import { modelCalls } from "../../../services/llm/table.ts";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { bearer } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

// The mock provider tells 1,000 tokens of prompt and 500 of answer: at these prices a call costs 1,000 micro-dollars.
const PRICES = { m: { inputUsdMicrosPerMillionTokens: 0, outputUsdMicrosPerMillionTokens: 2_000_000 } };
const COST = 1_000;
const answer: Upstream = () => json(completion("Hello."));
const UNBOUNDED_ROUTE = { strategy: "fallback", targets: [{ model: "mock/m" }] };
const BOUNDED_ROUTE = { ...UNBOUNDED_ROUTE, budget: { usdMicrosPerMonth: 9 * COST } };
const ask = (more: object = {}) => ({
  body: { model: "mock/m", max_tokens: 500, messages: [{ role: "user", content: "hi" }], ...more },
});

async function aPayer(upstream: Upstream = answer, usdMicrosPerMonth = 10 * COST): Promise<TestMember> {
  const owner = await aTenant();
  await aProvider(owner, upstream, { prices: PRICES });
  const { status } = await owner.call("/v1/budgets/tenant", { method: "PUT", body: { usdMicrosPerMonth } });
  expect(status).toBe(200);
  return owner;
}

function budgetsOf(owner: TestMember, expected: object[]) {
  return vi.waitFor(async () => {
    const { body } = await owner.call("/v1/budgets");
    expect(body.data).toMatchObject(expected);
  });
}

describe("a budget", () => {
  it("lets in as many of parallel calls as it pays for", async () => {
    const upstream = vi.fn(answer);
    const owner = await aPayer(upstream, 3 * COST);
    const answers = await Promise.all(Array.from({ length: 60 }, () => owner.call("/v1/chat/completions", ask())));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(57);
    expect(upstream).toHaveBeenCalledTimes(3);
    await budgetsOf(owner, [{ name: "tenant", spentUsdMicros: 3 * COST, heldUsdMicros: 0, remainingUsdMicros: 0 }]);
  });

  it("holds where models count longer prompts than the estimate does", async () => {
    const price = { inputUsdMicrosPerMillionTokens: 1_000_000, outputUsdMicrosPerMillionTokens: 2_000_000 };
    const owner = await aTenant();
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return json(completion("Hello.", { usage: { prompt_tokens: 60, completion_tokens: 20, total_tokens: 80 } }));
    };
    await aProvider(owner, later, { prices: { m: price } });
    await owner.call("/v1/budgets/tenant", { method: "PUT", body: { usdMicrosPerMonth: 1_000 } });
    const call = () => owner.call("/v1/chat/completions", ask({ max_tokens: 20 }));
    const answers = await Promise.all(Array.from({ length: 60 }, call));
    // Neither the first, whose estimate nobody had proved wrong yet, nor the last, for which too little seemed to be left.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    await budgetsOf(owner, [{ spentUsdMicros: 1_000, heldUsdMicros: 0 }]);
  });

  it("for ten calls holds against a thousand that ask its object at once", async () => {
    const { ctx, tenantId } = await aTenant();
    const ledger = ctx.ports.spendLedgers.of(tenantId);
    const budgets = [{ name: "tenant", usdMicrosPerMonth: 10 * COST }];
    const startedAt = Date.now();
    const call = async (n: number) => {
      const id = `call-${n}`;
      const grant = await ledger.reserve({
        id,
        budgets,
        leastUsdMicros: COST,
        worstUsdMicros: COST,
        spareUsdMicros: 0,
      });
      if (grant.allowed) await ledger.settle({ id, budgets, costUsdMicros: COST, keptUsdMicros: 0, startedAt });
      return grant.allowed;
    };
    const grants = await Promise.all(Array.from({ length: 1_000 }, (_, n) => call(n)));
    expect(grants.filter(Boolean)).toHaveLength(10);
    expect(await ledger.spending(budgets)).toEqual([{ spentUsdMicros: 10 * COST, heldUsdMicros: 0 }]);
  });

  it("is lent to where calls are made, none of it twice, and comes back when they are over", async () => {
    const calls = 100;
    const owner = await aPayer(answer, 1_000 * COST);
    const ask20 = () => Promise.all(Array.from({ length: 20 }, () => owner.call("/v1/chat/completions", ask())));
    for (let n = 0; n < calls / 20; n++) {
      for (const { status } of await ask20()) expect(status).toBe(200);
    }
    await budgetsOf(owner, [{ spentUsdMicros: calls * COST, heldUsdMicros: 0 }]);
  });

  it("that is lent is not forgotten when its object is lost at once", async () => {
    const { ctx, tenantId } = await aTenant();
    const ledger = ctx.ports.spendLedgers.of(tenantId);
    const budgets = [{ name: "tenant", usdMicrosPerMonth: 100 * COST }];
    const reservation = { id: "lease", budgets, leastUsdMicros: COST, worstUsdMicros: COST, spareUsdMicros: 5 * COST };
    expect(await ledger.reserve(reservation)).toEqual({ allowed: true, usdMicros: COST, spareUsdMicros: 5 * COST });
    await evictDurableObject(env.SPEND.getByName(tenantId));
    expect(await ledger.spending(budgets)).toEqual([{ spentUsdMicros: 0, heldUsdMicros: 6 * COST }]);
  });

  it("lets waiting calls in when others cost less than was held for them", async () => {
    const owner = await aPayer(answer, 3 * COST);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => owner.call("/v1/chat/completions", ask({ max_tokens: 1_500 }))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429]);
  });

  it("refuses as OpenAI does, and tells clients not to try again", async () => {
    const owner = await aPayer(answer, 0);
    const refusal = await owner.call("/v1/chat/completions", ask());
    expect(refusal.status).toBe(429);
    expect(refusal.body.error).toMatchObject({ type: "insufficient_quota", code: "insufficient_quota" });
    expect(refusal.headers.get("x-should-retry")).toBe("false");
  });

  it("bounds the answer to what it still pays for", async () => {
    const asked = vi.fn(answer);
    const owner = await aPayer(asked, COST);
    await owner.call("/v1/chat/completions", ask({ max_tokens: undefined, max_completion_tokens: 4_000 }));
    expect(asked.mock.calls[0]?.[0].body.max_completion_tokens).toBe(500);
  });

  it("gives back what a failed call did not cost", async () => {
    const owner = await aPayer(() => json({ error: { message: "no" } }, 400));
    await owner.call("/v1/chat/completions", ask());
    await budgetsOf(owner, [{ spentUsdMicros: 0, heldUsdMicros: 0 }]);
  });

  it("is settled when a client leaves a stream", async () => {
    const said = Array.from({ length: 40 }, () => chunk({ content: "Several words of an answer. " }));
    const owner = await aPayer(() => eventStream([...said], { hangs: true }));
    const response = await owner.fetch("/v1/chat/completions", ask({ stream: true, max_tokens: 5_000 }));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await vi.waitFor(async () => {
      const { body } = await owner.call("/v1/budgets");
      expect(body.data[0].heldUsdMicros).toBe(0);
      expect(body.data[0].spentUsdMicros).toBeGreaterThan(0);
    });
  });

  it("counts what was spent in the month before it was set", async () => {
    const owner = await aTenant();
    await aProvider(owner, answer, { prices: PRICES });
    await owner.call("/v1/chat/completions", ask());
    await vi.waitFor(async () => {
      const rows = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
      expect(rows).toHaveLength(1);
    });
    const { body } = await owner.call("/v1/budgets/tenant", { method: "PUT", body: { usdMicrosPerMonth: 1_500 } });
    const { end } = budgetMonth(Date.now());
    expect(body).toMatchObject({
      spentUsdMicros: COST,
      remainingUsdMicros: 500,
      resetsAt: new Date(end).toISOString(),
    });
  });

  it("of an API key bounds that key alone", async () => {
    const owner = await aTenant();
    await aProvider(owner, answer, { prices: PRICES });
    const key = await anApiKey(owner, ["llm:write"]);
    await owner.call(`/v1/budgets/key:${key.id}`, { method: "PUT", body: { usdMicrosPerMonth: COST } });
    const statuses = [await key.call("/v1/chat/completions", ask()), await key.call("/v1/chat/completions", ask())];
    expect(statuses.map(({ status }) => status)).toEqual([200, 429]);
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(200);
  });

  it("of an API key goes on with the keys that take its place, by what both have spent", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const owner = await aTenant();
      await aProvider(owner, answer, { prices: PRICES });
      const key = await anApiKey(owner, ["llm:write"]);
      await owner.call(`/v1/budgets/key:${key.id}`, { method: "PUT", body: { usdMicrosPerMonth: 2 * COST } });
      expect((await key.call("/v1/chat/completions", ask())).status).toBe(200);
      await budgetsOf(owner, [{ spentUsdMicros: COST, heldUsdMicros: 0 }]);
      const { body } = await owner.call(`/v1/api-keys/${key.id}/rotate`, { body: { overlapSeconds: 60 } });
      // An isolate knows the policy of a tenant for three seconds.
      vi.setSystemTime(Date.now() + 3_001);
      const next = () => owner.call("/v1/chat/completions", { ...ask(), headers: bearer(body.key) });
      expect([(await next()).status, (await next()).status]).toEqual([200, 429]);
      expect((await key.call("/v1/chat/completions", ask())).status).toBe(429);
      const spend = env.SPEND.getByName(owner.tenantId);
      await runInDurableObject(spend, (_, { storage }) => storage.kv.put("is-behind", true));
      await evictDurableObject(spend);
      await budgetsOf(owner, [{ name: `key:${key.id}`, spentUsdMicros: 2 * COST }]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of a route bounds the calls to it", async () => {
    const owner = await aTenant();
    await aProvider(owner, answer, { prices: PRICES });
    const route = { strategy: "fallback", targets: [{ model: "mock/m" }], budget: { usdMicrosPerMonth: COST } };
    await owner.call("/v1/model-routes/answers", { method: "PUT", body: route });
    const call = () => owner.call("/v1/chat/completions", ask({ model: "answers" }));
    expect([(await call()).status, (await call()).status]).toEqual([200, 429]);
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(200);
    await budgetsOf(owner, [{ name: "route:answers", spentUsdMicros: COST }]);
  });

  it("remembers what is spent and held when its object is evicted", async () => {
    const owner = await aPayer();
    await owner.call("/v1/chat/completions", ask());
    await budgetsOf(owner, [{ spentUsdMicros: COST }]);
    await evictDurableObject(env.SPEND.getByName(owner.tenantId));
    await budgetsOf(owner, [{ spentUsdMicros: COST, heldUsdMicros: 0 }]);
  });

  it("is summed from the bill when its object was lost before it could store it", async () => {
    const owner = await aPayer();
    await owner.call("/v1/chat/completions", ask());
    await budgetsOf(owner, [{ spentUsdMicros: COST, heldUsdMicros: 0 }]);
    await vi.waitFor(async () => {
      const rows = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
      expect(rows).toHaveLength(1);
    });
    const spend = env.SPEND.getByName(owner.tenantId);
    await runInDurableObject(spend, (_, { storage }) => {
      storage.kv.put("book", { monthStart: budgetMonth(Date.now()).start, spent: [["tenant", 0]], holds: [] });
      storage.kv.put("is-behind", true);
    });
    await evictDurableObject(spend);
    await budgetsOf(owner, [{ spentUsdMicros: COST }]);
  });

  it("tells the tenant at four fifths and at the end", async () => {
    const owner = await aPayer(answer, 5 * COST);
    for (let n = 0; n < 5; n++) await owner.call("/v1/chat/completions", ask());
    await vi.waitFor(async () => {
      const rows = await owner.ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, owner.tenantId));
      const marks = rows.filter(({ action }) => action === "budget.mark-reached").map(({ details }) => details);
      expect(marks).toMatchObject([{ percent: 80 }, { percent: 100 }]);
    });
  });

  it("can be lifted", async () => {
    const owner = await aPayer(answer, 0);
    expect((await owner.call("/v1/budgets/tenant", { method: "DELETE" })).status).toBe(204);
    expectProblem(await owner.call("/v1/budgets/tenant", { method: "DELETE" }), 404, "not-found");
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(200);
  });

  it.each([
    [
      "of the tenant",
      (owner: TestMember) => owner.call("/v1/budgets/tenant", { method: "PUT", body: { usdMicrosPerMonth: 9 * COST } }),
      (owner: TestMember) => owner.call("/v1/budgets/tenant", { method: "DELETE" }),
    ],
    [
      "of a route",
      (owner: TestMember) => owner.call("/v1/model-routes/answers", { method: "PUT", body: BOUNDED_ROUTE }),
      (owner: TestMember) => owner.call("/v1/model-routes/answers", { method: "PUT", body: UNBOUNDED_ROUTE }),
    ],
  ])("%s that was lifted and is set anew counts what was spent meanwhile", async (_what, set, lift) => {
    const owner = await aTenant();
    await aProvider(owner, answer, { prices: PRICES });
    await owner.call("/v1/model-routes/answers", { method: "PUT", body: UNBOUNDED_ROUTE });
    const call = () => owner.call("/v1/chat/completions", ask({ model: "answers" }));
    expect((await set(owner)).status).toBe(200);
    await call();
    await budgetsOf(owner, [{ spentUsdMicros: COST, heldUsdMicros: 0 }]);
    expect((await lift(owner)).status).toBeLessThan(300);
    await call();
    await vi.waitFor(async () => {
      const rows = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
      expect(rows).toHaveLength(2);
    });
    await set(owner);
    await budgetsOf(owner, [{ spentUsdMicros: 2 * COST }]);
  });

  describe("at the end of a month", () => {
    const { end } = budgetMonth(Date.now());
    beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: end - 2_000 }));
    afterEach(() => void vi.useRealTimers());

    it("begins anew, with nothing of what was spent, held or lent before", async () => {
      const owner = await aPayer(answer, 3 * COST);
      const call = async () => (await owner.call("/v1/chat/completions", ask())).status;
      expect([await call(), await call(), await call(), await call()]).toEqual([200, 200, 200, 429]);
      vi.setSystemTime(end + 1);
      await budgetsOf(owner, [{ spentUsdMicros: 0, heldUsdMicros: 0, resetsAt: isoTime(budgetMonth(end).end) }]);
      expect([await call(), await call(), await call(), await call()]).toEqual([200, 200, 200, 429]);
      await budgetsOf(owner, [{ spentUsdMicros: 3 * COST }]);
      const { body } = await owner.call(`/v1/usage?from=2000-01-01&to=${isoTime(end + DAY_MS).slice(0, 10)}`);
      expect(body.totals.costUsdMicros).toBe(6 * COST);
    });

    it("leaves a call that goes on over it to the month in which it began", async () => {
      const owner = await aPayer(() => {
        vi.setSystemTime(end + 1);
        return json(completion("Hello."));
      }, 3 * COST);
      expect((await owner.call("/v1/chat/completions", ask())).status).toBe(200);
      await budgetsOf(owner, [{ spentUsdMicros: 0, heldUsdMicros: 0 }]);
      await evictDurableObject(env.SPEND.getByName(owner.tenantId));
      await budgetsOf(owner, [{ spentUsdMicros: 0, heldUsdMicros: 0 }]);
      const rows = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
      expect(rows).toMatchObject([{ startedAt: end - 2_000, costUsdMicros: COST }]);
    });
  });

  it("is named by what it bounds, and holds whole micro-dollars", async () => {
    const owner = await aTenant();
    const put = (name: string, body: object) => owner.call(`/v1/budgets/${name}`, { method: "PUT", body });
    expectProblem(await put("route:x", { usdMicrosPerMonth: 1 }), 422, "validation-failed");
    const { id } = await anApiKey(await aTenant(), ["llm:write"]);
    expectProblem(await put(`key:${id}`, { usdMicrosPerMonth: 1 }), 404, "not-found");
    expectProblem(await put("tenant", { usdMicrosPerMonth: 1.5 }), 422, "validation-failed");
    expectProblem(await put("tenant", { usdMicrosPerMonth: 1, soft: true }), 422, "validation-failed");
  });
});

refusesTheWrongActor({
  name: "PUT /v1/budgets/{name}",
  permission: "settings:write",
  arrange: async () => ({ path: "/v1/budgets/tenant", method: "PUT", body: { usdMicrosPerMonth: 1 } }),
  namesResource: false,
});
refusesTheWrongActor({
  name: "GET /v1/budgets",
  permission: "usage:read",
  arrange: async () => ({ path: "/v1/budgets" }),
  namesResource: false,
});
