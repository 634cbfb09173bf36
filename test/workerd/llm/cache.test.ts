import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnswerCache } from "../../../services/llm/ports.ts";
import { modelCalls } from "../../../services/llm/table.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

// The clock of this isolate and of the objects in it, moved by hand.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

const PRICES = { m: { inputUsdMicrosPerMillionTokens: 2_000_000, outputUsdMicrosPerMillionTokens: 8_000_000 } };
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const HELLO = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Hello" }),
  chunk({ content: " you" }),
  chunk({}, "stop"),
  chunk({}, null, USAGE),
  "data: [DONE]\n\n",
];
const good = () => json(completion("Hello."));
const refusal = () => json({ error: { message: "no" } }, 400);
const down = () => json({ error: { message: "down" } }, 500, { "x-should-retry": "false" });

function slowly(answer: () => Response): Upstream {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return answer();
  };
}

/** A tenant with a route that caches, and the calls that reached its provider. */
async function aCachedRoute(cache: object = {}, upstream: Upstream = good) {
  const owner = await aTenant();
  const asked = vi.fn(upstream);
  await aProvider(owner, asked, { prices: PRICES });
  await putRoute(owner, cache);
  return { owner, asked };
}

async function putRoute(owner: TestMember, cache: object, name = "answers"): Promise<void> {
  const targets = [{ model: "mock/m" }];
  const body = { strategy: "fallback", targets, retries: 0, cache: { mode: "exact", ttlSeconds: 60, ...cache } };
  const { status } = await owner.call(`/v1/model-routes/${name}`, { method: "PUT", body });
  expect(status).toBeLessThan(300);
}

const request = (content: string, more: object = {}, headers: Record<string, string> = {}) => ({
  body: { model: "answers", messages: [{ role: "user", content }], ...more },
  headers,
});

async function ask(owner: TestMember, content = "Say hello.", more: object = {}, headers = {}) {
  const response = await owner.fetch("/v1/chat/completions", request(content, more, headers));
  return {
    status: response.status,
    cache: response.headers.get("x-weft-cache"),
    response,
    text: await response.text(),
  };
}

/** Answers are kept behind the reply: waits until so many are. */
function kept(owner: TestMember, count = 1): Promise<void> {
  return vi.waitFor(async () => {
    const rows = await runInDurableObject(env.ANSWER_CACHE.getByName(owner.tenantId), (_, { storage }) =>
      storage.sql.exec<{ count: number }>("SELECT count(*) AS count FROM answers").one(),
    );
    expect(rows.count).toBe(count);
  });
}

async function bill(owner: TestMember, rows: number) {
  return vi.waitFor(async () => {
    const found = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
    expect(found).toHaveLength(rows);
    return found;
  });
}

describe("an equal request", () => {
  it("is answered from the cache, costs nothing, and is shown as saved", async () => {
    const { owner, asked } = await aCachedRoute();
    const first = await ask(owner);
    expect(first.cache).toBe("miss");
    await kept(owner);
    const second = await ask(owner);
    expect(second.cache).toBe("hit");
    expect(second.text).toBe(first.text);
    expect(second.response.headers.get("x-weft-provider")).toBe("mock");
    expect(second.response.headers.get("x-weft-cost-usd-micros")).toBe("0");
    expect(asked).toHaveBeenCalledTimes(1);
    const rows = await bill(owner, 2);
    expect(rows.map(({ cache, costUsdMicros, savedUsdMicros }) => ({ cache, costUsdMicros, savedUsdMicros }))).toEqual(
      expect.arrayContaining([
        { cache: null, costUsdMicros: 6_000, savedUsdMicros: 0 },
        { cache: "hit", costUsdMicros: 0, savedUsdMicros: 6_000 },
      ]),
    );
    const { body } = await owner.call("/v1/models/performance");
    expect(body.data).toMatchObject([
      {
        provider: "mock",
        model: "m",
        calls: 1,
        cacheHits: 1,
        hitRate: 0.5,
        costUsdMicros: 6_000,
        savedUsdMicros: 6_000,
        routeVersions: [{ version: 1, calls: 1, cacheHits: 1, savedUsdMicros: 6_000 }],
      },
    ]);
  });

  it("finds what a stream said, and is replayed as a stream", async () => {
    const { owner, asked } = await aCachedRoute({}, () => eventStream([...HELLO]));
    await ask(owner, "Say hello.", { stream: true });
    await kept(owner);
    const whole = await ask(owner);
    expect(whole.cache).toBe("hit");
    expect(JSON.parse(whole.text)).toMatchObject({
      choices: [{ message: { content: "Hello you" }, finish_reason: "stop" }],
      usage: USAGE,
    });
    const streamed = await ask(owner, "Say hello.", { stream: true, stream_options: { include_usage: true } });
    expect(streamed.cache).toBe("hit");
    expect(streamed.response.headers.get("content-type")).toContain("text/event-stream");
    expect(streamed.text).toMatch(/"content":"Hello you"[\s\S]*"total_tokens":14[\s\S]*data: \[DONE\]\n\n$/);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("is found when the object was evicted, and not once its time is over", async () => {
    const { owner } = await aCachedRoute();
    await ask(owner);
    await kept(owner);
    const object = env.ANSWER_CACHE.getByName(owner.tenantId);
    await evictDurableObject(object);
    expect((await ask(owner)).cache).toBe("hit");
    pass(60_000);
    await runDurableObjectAlarm(object);
    await kept(owner, 0);
    expect((await ask(owner)).cache).toBe("miss");
  });

  it("is asked anew once the route has changed", async () => {
    const { owner } = await aCachedRoute();
    await ask(owner);
    await kept(owner);
    pass(5_000);
    await putRoute(owner, { ttlSeconds: 120 });
    expect((await ask(owner)).cache).toBe("miss");
  });

  it("is looked for where it may be, and not where it cannot", async () => {
    const { owner, asked } = await aCachedRoute();
    const looks = vi.fn<AnswerCache["find"]>();
    const caches = owner.ctx.ports.answerCaches;
    const { of } = caches;
    vi.spyOn(caches, "of").mockImplementation((tenantId) => {
      const cache = of(tenantId);
      return { ...cache, find: looks.mockImplementation(cache.find) };
    });
    for (let n = 0; n < 5; n++) expect((await ask(owner, `Question ${n}`)).cache).toBe("miss");
    looks.mockClear();
    for (let n = 5; n < 9; n++) expect((await ask(owner, `Question ${n}`)).cache).toBe("miss");
    expect(looks).not.toHaveBeenCalled();
    for (const n of [0, 8]) expect((await ask(owner, `Question ${n}`)).cache).toBe("hit");
    expect(looks).toHaveBeenCalledTimes(2);
    pass(2_000);
    expect((await ask(owner, "Question 9")).cache).toBe("miss");
    expect(looks).toHaveBeenCalledTimes(3);
    expect(asked).toHaveBeenCalledTimes(10);
    vi.mocked(caches.of).mockRestore();
  });

  it("that another isolate kept is found with the next news", async () => {
    const { owner } = await aCachedRoute();
    const cache = owner.ctx.ports.answerCaches.of(owner.tenantId);
    for (let n = 0; n < 5; n++) await ask(owner, `Question ${n}`);
    await kept(owner, 5);
    const answer = { completion: completion("Kept elsewhere."), provider: "mock", model: "m", costUsdMicros: 1 };
    const kin = { similar: null, route: "answers", model: "mock/m", ttlSeconds: 60 };
    const before = Date.now();
    pass(10);
    await cache.keep([{ ...kin, key: "elsewhere", text: JSON.stringify(answer), answeredAt: Date.now() }], null);
    const { news } = await cache.find({ key: "none", similar: null }, [], before + 1);
    expect(news).toEqual({ keys: ["elsewhere"], upTo: Date.now() });
    const { found } = await cache.find({ key: "elsewhere", similar: null }, [], null);
    expect(found).toEqual({ answer, similarity: 1, isExact: true });
  });

  it("of another tenant, or of another route, is asked anew", async () => {
    const { owner } = await aCachedRoute();
    await ask(owner);
    await kept(owner);
    const { owner: stranger } = await aCachedRoute();
    expect((await ask(stranger)).cache).toBe("miss");
    await putRoute(owner, {}, "others");
    expect((await ask(owner, "Say hello.", { model: "others" })).cache).toBe("miss");
  });

  it("bypasses the cache where there is none, and where the client says so", async () => {
    const { owner, asked } = await aCachedRoute();
    expect((await ask(owner, "x", {}, { "x-weft-cache-control": "no-store" })).cache).toBe("bypass");
    expect((await ask(owner, "x", { model: "mock/m" })).cache).toBe("bypass");
    expect((await ask(owner, "x", {}, { "x-weft-cache-control": "no-cache" })).cache).toBe("miss");
    await kept(owner);
    expect((await ask(owner, "x", {}, { "x-weft-cache-control": "no-cache" })).cache).toBe("miss");
    expect((await ask(owner, "x")).cache).toBe("hit");
    expect(asked).toHaveBeenCalledTimes(4);
    expect((await ask(owner, "x", {}, { "x-weft-cache-control": "often" })).status).toBe(400);
  });
});

describe("what is not kept", () => {
  const TOOL = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };
  const answered = (message: object, reason: string) => () =>
    json(
      completion("", { choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: reason }] }),
    );

  it.each([
    ["an answer that was cut", answered({ content: "Hel" }, "length")],
    ["an answer that was filtered", answered({ content: "Hel" }, "content_filter")],
    ["a tool call", answered({ content: null, tool_calls: [TOOL] }, "tool_calls")],
    ["an error", down],
  ])("is %s", async (_name, upstream) => {
    const { owner, asked } = await aCachedRoute({}, upstream);
    await ask(owner);
    await bill(owner, 1);
    expect((await ask(owner)).cache).not.toBe("hit");
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("is a stream that broke off, or that the client left", async () => {
    const { owner, asked } = await aCachedRoute({}, () => eventStream(HELLO.slice(0, 3)));
    await ask(owner, "Say hello.", { stream: true });
    await bill(owner, 1);
    await kept(owner, 0);
    await ask(owner, "Say hello.", { stream: true });
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("is kept all the same where a route asks for tool calls", async () => {
    const upstream = answered({ content: null, tool_calls: [TOOL] }, "tool_calls");
    const { owner } = await aCachedRoute({ toolCalls: true }, upstream);
    await ask(owner);
    await kept(owner);
    expect((await ask(owner)).cache).toBe("hit");
  });
});

describe("a similar request", () => {
  const QUESTION = "How many days of paid annual leave do employees in the Berlin office get each year?";
  const SIMILAR = "How many days of paid annual leave do employees in the Berlin office get every year?";

  it("is answered from the cache where the route is semantic", async () => {
    const { owner, asked } = await aCachedRoute({ mode: "semantic", threshold: 0.8 });
    await ask(owner, QUESTION);
    await kept(owner);
    expect((await ask(owner, SIMILAR)).cache).toBe("semantic");
    expect((await ask(owner, QUESTION)).cache).toBe("hit");
    expect(asked).toHaveBeenCalledTimes(1);
    expect((await bill(owner, 3)).filter(({ cache }) => cache === "semantic")).toHaveLength(1);
  });

  it("is found by an object that kept answers in an earlier form", async () => {
    const { owner } = await aCachedRoute({ mode: "semantic", threshold: 0.8 });
    const cache = env.ANSWER_CACHE.getByName(owner.tenantId);
    await runInDurableObject(cache, (_, { storage }) => storage.sql.exec("ALTER TABLE answers DROP COLUMN words"));
    await evictDurableObject(cache);
    await ask(owner, QUESTION);
    await kept(owner);
    expect((await ask(owner, SIMILAR)).cache).toBe("semantic");
  });

  it.each([
    ["another subject", "Which bicycles may be leased through the company?", {}],
    ["a negation", SIMILAR.replace("get every", "not get every"), {}],
    ["a figure", `${SIMILAR} In 2025?`, {}],
    ["another kind of answer", QUESTION.replace("How many", "When are"), {}],
    ["more words that differ", QUESTION.replace("the Berlin office", "our Paris shops"), {}],
    ["another system prompt", null, { system: "Answer in rhyme." }],
    ["tools", null, { tools: [{ type: "function", function: { name: "f" } }] }],
  ])("is asked anew with %s", async (_name, other, { system, ...more }: { system?: string; tools?: unknown[] }) => {
    const { owner } = await aCachedRoute({ mode: "semantic", threshold: 0.8 });
    await ask(owner, QUESTION);
    await kept(owner);
    const content = other ?? SIMILAR;
    const messages = [...(system ? [{ role: "system", content: system }] : []), { role: "user", content }];
    expect((await ask(owner, content, { messages, ...more })).cache).toBe("miss");
  });

  it("is asked anew below the threshold, in an exact route, and by another tenant", async () => {
    const strict = await aCachedRoute({ mode: "semantic", threshold: 1 });
    await ask(strict.owner, QUESTION);
    await kept(strict.owner);
    expect((await ask(strict.owner, SIMILAR)).cache).toBe("miss");
    const exact = await aCachedRoute();
    await ask(exact.owner, QUESTION);
    await kept(exact.owner);
    expect((await ask(exact.owner, SIMILAR)).cache).toBe("miss");
    const stranger = await aCachedRoute({ mode: "semantic", threshold: 0.5 });
    expect((await ask(stranger.owner, SIMILAR)).cache).toBe("miss");
  });
});

describe("equal requests in flight", () => {
  it("share one upstream call", async () => {
    const { owner, asked } = await aCachedRoute({}, slowly(good));
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(owner)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(asked).toHaveBeenCalledTimes(1);
    const rows = await bill(owner, 8);
    expect(rows.reduce((sum, { costUsdMicros }) => sum + costUsdMicros, 0)).toBe(6_000);
  });

  it("do not share a failure: the next one asks", async () => {
    const answers = [refusal];
    const { owner, asked } = await aCachedRoute(
      {},
      slowly(() => (answers.shift() ?? good)()),
    );
    const statuses = (await Promise.all([ask(owner), ask(owner), ask(owner)])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 400]);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("share a failure of which one of them was told before", async () => {
    const { owner, asked } = await aCachedRoute({}, slowly(down));
    const statuses = (await Promise.all(Array.from({ length: 6 }, () => ask(owner)))).map(({ status }) => status);
    expect(statuses).toEqual(Array(6).fill(502));
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("of a route without a cache are all asked", async () => {
    const { owner, asked } = await aCachedRoute({ mode: "off" });
    await Promise.all([ask(owner), ask(owner), ask(owner)]);
    expect(asked).toHaveBeenCalledTimes(3);
  });
});

describe("DELETE /v1/cache", () => {
  const clear = (owner: TestMember, query = "") => owner.call(`/v1/cache${query}`, { method: "DELETE" });
  const removed = async (owner: TestMember, query = "") => {
    const { status, headers } = await clear(owner, query);
    expect(status).toBe(204);
    return headers.get("x-weft-cache-removed");
  };

  it("forgets answers of a route, of a model, or all", async () => {
    const { owner } = await aCachedRoute();
    await putRoute(owner, {}, "others");
    await ask(owner);
    await ask(owner, "Say hello.", { model: "others" });
    await kept(owner, 2);
    expect(await removed(owner, "?route=others&model=mock/else")).toBe("0");
    expect(await removed(owner, "?route=others")).toBe("1");
    expect((await ask(owner)).cache).toBe("hit");
    expect(await removed(owner, "?model=mock/m")).toBe("1");
    expect((await ask(owner)).cache).toBe("miss");
    await kept(owner);
    expect(await removed(owner)).toBe("1");
  });

  it("forgets what was answered before and arrives after, and keeps what was answered since", async () => {
    const { owner } = await aCachedRoute();
    const cache = owner.ctx.ports.answerCaches.of(owner.tenantId);
    const answer = { completion: completion("Late."), provider: "mock", model: "m", costUsdMicros: 1 };
    const late = {
      key: "late",
      similar: null,
      route: "answers",
      model: "mock/m",
      ttlSeconds: 60,
      text: JSON.stringify(answer),
    };
    const answeredAt = Date.now();
    pass(1);
    await cache.forget({ route: "answers" });
    await cache.keep(
      [
        { ...late, answeredAt },
        { ...late, key: "new", answeredAt: Date.now() },
        { ...late, key: "other", route: "b", answeredAt },
      ],
      null,
    );
    const found = await Promise.all(
      ["late", "new", "other"].map((key) => cache.find({ key, similar: null }, [], null)),
    );
    expect(found.map((one) => one.found !== null)).toEqual([false, true, true]);
    await ask(owner, "Not yet kept.");
    await owner.call("/v1/cache", { method: "DELETE" });
    expect((await ask(owner, "Not yet kept.")).cache).toBe("miss");
  });

  it("refuses a model without its provider, and what it does not know", async () => {
    const owner = await aTenant();
    expectProblem(await clear(owner, "?model=m"), 422, "validation-failed");
    expectProblem(await clear(owner, "?tenant=other"), 422, "validation-failed");
  });

  refusesTheWrongActor({
    name: "DELETE /v1/cache",
    permission: "settings:write",
    arrange: async () => ({ path: "/v1/cache", method: "DELETE" }),
    namesResource: false,
  });
});

describe("a route's cache", () => {
  it.each([
    ["an unknown mode", { mode: "magic" }],
    ["no time", { mode: "exact", ttlSeconds: 0 }],
    ["a threshold above 1", { mode: "semantic", threshold: 1.5 }],
  ])("is refused with %s", async (_name, cache) => {
    const owner = await aTenant();
    const body = { strategy: "fallback", targets: [{ model: "local/extractive" }], cache };
    expectProblem(await owner.call("/v1/model-routes/r", { method: "PUT", body }), 422, "validation-failed");
  });
});

describe("GET /v1/models/performance", () => {
  it("tells failures, and only of the time and the model that was asked for", async () => {
    const answers = [refusal];
    const { owner } = await aCachedRoute({ mode: "off" }, () => (answers.shift() ?? good)());
    for (let time = 0; time < 4; time++) await ask(owner);
    await bill(owner, 4);
    const of = async (query: string) => (await owner.call(`/v1/models/performance${query}`)).body.data;
    const [row] = await of("?model=mock/m");
    expect(row).toMatchObject({ calls: 4, failures: 1, errorRate: 0.25, hitRate: 0, promptTokens: 3_000 });
    expect(row.latencyMs.p50).toBeGreaterThanOrEqual(0);
    expect(await of("?model=mock/else")).toEqual([]);
    expect(await of("?to=2020-01-01T00:00:00Z")).toEqual([]);
    expectProblem(await owner.call("/v1/models/performance?from=yesterday"), 422, "validation-failed");
  });

  refusesTheWrongActor({
    name: "GET /v1/models/performance",
    permission: "llm:read",
    arrange: async () => ({ path: "/v1/models/performance" }),
    namesResource: false,
  });
});
