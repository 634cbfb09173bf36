import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { completeChat } from "../../../services/llm/complete-chat.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

// The clock of this isolate and of the objects in it, moved by hand.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

const OPEN_MS = 30_000;
const down = () => json({ error: { message: "down" } }, 500, { "x-should-retry": "false" });
const good = () => json(completion("Hello."));
const ask = (model: string, more: object = {}) => ({
  body: { model, messages: [{ role: "user", content: "Say hello." }], ...more },
});
const say = (owner: TestMember, model = "mock/m", more: object = {}) =>
  owner.call("/v1/chat/completions", ask(model, more));

async function failing(owner: TestMember, times = 5): Promise<void> {
  for (let time = 0; time < times; time++) await say(owner);
}

async function breakers(owner: TestMember) {
  return (await owner.call("/v1/breakers")).body.data;
}

/** A tenant whose model fails until told otherwise. */
async function aSickModel(more: Record<string, unknown> = {}) {
  const owner = await aTenant();
  const state: { upstream: Upstream } = { upstream: down };
  const upstream = vi.fn<Upstream>((call) => state.upstream(call));
  await aProvider(owner, upstream, more);
  return { owner, upstream, state };
}

describe("a circuit breaker", () => {
  it("opens after five failures in a row, and spares the provider the next calls", async () => {
    const { owner, upstream } = await aSickModel();
    await failing(owner);
    expect(await breakers(owner)).toMatchObject([
      { provider: "mock", model: "m", state: "open", failureRate: 1, calls: 5, opens: 1 },
    ]);
    const refused = await say(owner);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(25);
    expect(refused.body.error.message).toContain("mock/m");
    expect(upstream).toHaveBeenCalledTimes(5);
  });

  it("lets one probe through when its time is over, and closes when the probe works", async () => {
    const { owner, upstream, state } = await aSickModel();
    await failing(owner);
    pass(OPEN_MS);
    expect((await breakers(owner))[0].state).toBe("half-open");
    let isHeld = true;
    state.upstream = async () => {
      while (isHeld) await new Promise((resolve) => setTimeout(resolve, 5));
      return good();
    };
    const probe = say(owner);
    await vi.waitFor(() => expect(upstream).toHaveBeenCalledTimes(6));
    expect((await say(owner)).status).toBe(503);
    expect((await breakers(owner))[0].state).toBe("half-open");
    isHeld = false;
    expect((await probe).status).toBe(200);
    state.upstream = good;
    await vi.waitFor(async () => expect((await breakers(owner))[0].state).toBe("closed"));
    expect((await say(owner)).status).toBe(200);
  });

  it("opens anew when the probe fails", async () => {
    const { owner, upstream } = await aSickModel();
    await failing(owner);
    pass(OPEN_MS);
    expect((await say(owner)).status).toBe(502);
    expect((await breakers(owner))[0]).toMatchObject({ state: "open", opens: 2 });
    expect((await say(owner)).status).toBe(503);
    expect(upstream).toHaveBeenCalledTimes(6);
  });

  it("stays open when its object is evicted", async () => {
    const { owner } = await aSickModel();
    await failing(owner);
    await evictDurableObject(env.PROVIDER_HEALTH.getByName(owner.tenantId));
    expect((await breakers(owner))[0]).toMatchObject({ state: "open", opens: 1 });
  });

  it("belongs to one model: the provider's others are called", async () => {
    const { owner, state } = await aSickModel();
    await failing(owner);
    state.upstream = good;
    expect((await say(owner, "mock/other")).status).toBe(200);
  });

  it("belongs to one tenant", async () => {
    const { owner } = await aSickModel();
    await failing(owner);
    const other = await aTenant();
    await aProvider(other, good);
    expect((await say(other)).status).toBe(200);
    expect(await breakers(other)).not.toContainEqual(expect.objectContaining({ state: "open" }));
  });

  it("opens for streams that break off half-way", async () => {
    const { owner, state } = await aSickModel();
    state.upstream = () => eventStream([chunk({ role: "assistant", content: "Hel" })]);
    for (let time = 0; time < 10; time++) {
      await (await owner.fetch("/v1/chat/completions", ask("mock/m", { stream: true }))).text();
    }
    await vi.waitFor(async () => expect((await breakers(owner))[0]?.failureRate).toBe(0.5));
  });

  it.each([
    ["a request that the provider refuses", () => json({ error: { message: "too long" } }, 400)],
    ["a key that the provider refuses", () => json({ error: { message: "bad key" } }, 401)],
  ])("does not open on %s", async (_name, upstream) => {
    const { owner, state } = await aSickModel();
    state.upstream = upstream;
    await failing(owner, 8);
    expect(await breakers(owner)).not.toContainEqual(expect.objectContaining({ state: "open" }));
  });

  it("counts the answer 429 unless the provider is registered otherwise", async () => {
    for (const [countsRateLimits, status, code] of [
      [true, 503, "overloaded"],
      [false, 429, "rate_limit_exceeded"],
    ] as const) {
      const { owner, state } = await aSickModel({ countsRateLimits });
      state.upstream = () => json({}, 429, { "x-should-retry": "false" });
      await failing(owner, 6);
      expect(await say(owner)).toMatchObject({ status, body: { error: { code } } });
    }
  });

  it("does not count a caller that left", async () => {
    const { owner, state } = await aSickModel();
    state.upstream = () => new Promise(() => {});
    for (let time = 0; time < 6; time++) {
      const left = new AbortController();
      const request = { model: "mock/m", messages: [{ role: "user" as const, content: "Say hello." }] };
      const answer = completeChat(owner.ctx, request, { signal: left.signal });
      setTimeout(() => left.abort(), 20);
      await answer.catch(() => null);
    }
    expect(await breakers(owner)).not.toContainEqual(expect.objectContaining({ state: "open" }));
  });
});

describe("a route whose first target's breaker is open", () => {
  async function aRoute(more: object = {}) {
    const { owner, upstream, state } = await aSickModel();
    await aProvider(owner, good, {}, "spare");
    const targets = [{ model: "mock/m" }, { model: "spare/m" }];
    await owner.call("/v1/model-routes/answers", {
      method: "PUT",
      body: { strategy: "fallback", targets, retries: 0, ...more },
    });
    await failing(owner);
    return { owner, upstream, state };
  }

  it("goes to the next target at once", async () => {
    const { owner, upstream } = await aRoute();
    const answer = await say(owner, "answers");
    expect(answer.headers.get("x-weft-provider")).toBe("spare");
    expect(upstream).toHaveBeenCalledTimes(5);
  });
});

describe("a route that no target answers", () => {
  async function aDeadRoute(more: object) {
    const { owner } = await aSickModel();
    const body = { strategy: "fallback", targets: [{ model: "mock/m" }], retries: 0, ...more };
    expect((await owner.call("/v1/model-routes/answers", { method: "PUT", body })).status).toBe(201);
    return owner;
  }
  const text = "We are back in a minute.";

  it("says its fallback answer, marked as such", async () => {
    const owner = await aDeadRoute({ fallbackAnswer: { text } });
    const answer = await say(owner, "answers");
    expect(answer.status).toBe(200);
    expect(answer.body.choices[0].message.content).toBe(text);
    expect(answer.body.weft).toEqual({ fallback: "text" });
    expect(answer.headers.get("x-weft-fallback")).toBe("text");
    expect(answer.headers.get("x-weft-cost-usd-micros")).toBe("0");
  });

  it("says it as a stream, too", async () => {
    const owner = await aDeadRoute({ fallbackAnswer: { text } });
    const response = await owner.fetch("/v1/chat/completions", ask("answers", { stream: true }));
    expect(response.headers.get("x-weft-fallback")).toBe("text");
    expect(await response.text()).toMatch(/back in a minute[\s\S]*data: \[DONE\]\n\n$/);
  });

  it("asks the platform's own model where that is its fallback answer", async () => {
    const owner = await aDeadRoute({ fallbackAnswer: { model: "local/extractive" } });
    const messages = [
      { role: "system", content: "[1] Bees make honey." },
      { role: "user", content: "What do bees make?" },
    ];
    const answer = await say(owner, "answers", { messages });
    expect(answer.body.choices[0].message.content).toBe("Bees make honey. [1]");
    expect(answer.body.weft).toEqual({ fallback: "model" });
  });

  it("does not hide that the request itself is at fault", async () => {
    const { owner, state } = await aSickModel();
    state.upstream = () => json({ error: { message: "too long" } }, 400);
    const body = { strategy: "fallback", targets: [{ model: "mock/m" }], fallbackAnswer: { text } };
    await owner.call("/v1/model-routes/answers", { method: "PUT", body });
    expect((await say(owner, "answers")).status).toBe(400);
  });

  it.each([
    ["no text", { text: "" }],
    ["another model", { model: "mock/m" }],
    ["nothing", {}],
  ])("is refused with a fallback answer of %s", async (_name, fallbackAnswer) => {
    const owner = await aTenant();
    const body = { strategy: "fallback", targets: [{ model: "local/extractive" }], fallbackAnswer };
    expect((await owner.call("/v1/model-routes/answers", { method: "PUT", body })).status).toBe(422);
  });
});

refusesTheWrongActor({
  name: "GET /v1/breakers",
  permission: "llm:read",
  arrange: async () => ({ path: "/v1/breakers" }),
  namesResource: false,
});
