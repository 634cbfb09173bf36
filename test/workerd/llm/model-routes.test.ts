import { eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { modelCalls } from "../../../services/llm/table.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

const path = "/v1/model-routes/answers";
const LOCAL = { strategy: "fallback", targets: [{ model: "local/extractive" }] };
const put = (body: object) => ({ method: "PUT", body });
const ask = (more: object = {}) => ({
  body: { model: "answers", messages: [{ role: "user", content: "hi" }], ...more },
});
const good: Upstream = () => json(completion("Hello."));
const down: Upstream = () => json({ error: { message: "down" } }, 500, { "retry-after-ms": "1" });

/** A tenant whose route tries these upstreams in order. */
async function aRoute(upstreams: Upstream[], more: object = {}): Promise<TestMember> {
  const owner = await aTenant();
  const targets: { model: string }[] = [];
  for (const upstream of upstreams) {
    const name = `mock-${targets.length}`;
    await aProvider(owner, upstream, {}, name);
    targets.push({ model: `${name}/m` });
  }
  const { status } = await owner.call(path, put({ strategy: "fallback", targets, ...more }));
  expect(status).toBe(201);
  return owner;
}

function bill(owner: TestMember, rows: number) {
  const { db } = owner.ctx;
  return vi.waitFor(async () => {
    const found = await db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
    expect(found).toHaveLength(rows);
    return found.map(({ provider, status, route }) => ({ provider, status, route }));
  });
}

describe("a model route", () => {
  it("is made, replaced, listed, offered as a model and forgotten", async () => {
    const owner = await aTenant();
    const created = await owner.call(path, put({ ...LOCAL, retries: 1 }));
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ name: "answers", ...LOCAL, retries: 1, timeoutMs: null });
    expect((await owner.call(path, put(LOCAL))).status).toBe(200);
    const { body: read } = await owner.call(path);
    expect((await owner.call("/v1/model-routes")).body).toEqual({ data: [read], nextCursor: null });
    const { body: models } = await owner.call("/v1/models");
    expect(models.data[0]).toMatchObject({ id: "answers", owned_by: "weft" });
    expect((await owner.call(path, { method: "DELETE" })).status).toBe(204);
    expectProblem(await owner.call(path), 404, "not-found");
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(404);
  });

  it("names only models of known providers", async () => {
    const owner = await aTenant();
    const answer = await owner.call(path, put({ strategy: "fallback", targets: [{ model: "nobody/m" }] }));
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe("/targets/0/model");
  });

  it("gives embeddings, and says whose they are", async () => {
    const owner = await aTenant();
    await aProvider(owner, down);
    const targets = [{ model: "mock/e" }, { model: "local/hash-embed" }];
    await owner.call(path, put({ strategy: "fallback", targets, retries: 0 }));
    const answer = await owner.call("/v1/embeddings", { body: { model: "answers", input: "bees make honey" } });
    expect(answer).toMatchObject({ status: 200, body: { model: "local/hash-embed" } });
    expect(answer.headers.get("x-weft-model")).toBe("hash-embed");
    const base = { name: "Handbook", embeddingModel: "answers" };
    expectProblem(await owner.call("/v1/knowledge-bases", { body: base }), 422, "validation-failed");
  });

  it("is a model that was made when the route was", async () => {
    const owner = await aTenant();
    const { body: route } = await owner.call(path, put(LOCAL));
    const { body: model } = await owner.call("/v1/models/answers");
    expect(model.created).toBe(Math.floor(Date.parse(route.createdAt) / 1_000));
  });
});

describe("a call to a route", () => {
  it("is answered by the next target when one is down, and every attempt is told on the bill", async () => {
    const first = vi.fn(down);
    const owner = await aRoute([first, good], { retries: 1 });
    const answer = await owner.call("/v1/chat/completions", ask());
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-weft-provider")).toBe("mock-1");
    expect(first).toHaveBeenCalledTimes(2);
    expect(await bill(owner, 2)).toEqual([
      { provider: "mock-0", status: "failed", route: "answers" },
      { provider: "mock-1", status: "succeeded", route: "answers" },
    ]);
  });

  it("is answered by the next target when the first one's key is refused", async () => {
    const owner = await aRoute([() => json({ error: { message: "bad key" } }, 401), good]);
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(200);
  });

  it("does not try another target when the request itself is refused", async () => {
    const second = vi.fn(good);
    const owner = await aRoute([() => json({ error: { message: "too long" } }, 400), second]);
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(400);
    expect(second).not.toHaveBeenCalled();
  });

  it("answers 503 with Retry-After when no target is left", async () => {
    const owner = await aRoute([down, down], { retries: 0 });
    const answer = await owner.call("/v1/chat/completions", ask());
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.body.error.message).toBe("No target of the model route answers answers.");
  });

  it.each([
    ["502 when its only target fails", down, 502, "provider_failed"],
    ["504 when its only target is silent", () => new Promise<Response>(() => {}), 504, "provider_timeout"],
  ] as const)("answers %s", async (_name, upstream, status, code) => {
    const owner = await aRoute([upstream], { retries: 0, timeoutMs: 150 });
    const answer = await owner.call("/v1/chat/completions", ask());
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it("ends within the route's time", async () => {
    const owner = await aRoute([() => new Promise(() => {}), () => new Promise(() => {})], { timeoutMs: 150 });
    const startedAt = Date.now();
    expect((await owner.call("/v1/chat/completions", ask())).status).toBe(503);
    expect(Date.now() - startedAt).toBeLessThan(1_500);
  });

  it("does not keep those waiting longer that share its answer", async () => {
    const silent = vi.fn(() => new Promise<Response>(() => {}));
    const cache = { mode: "exact", ttlSeconds: 60 };
    const owner = await aRoute([silent], { retries: 0, timeoutMs: 150, cache });
    const answers = await Promise.all([1, 2, 3].map(() => owner.call("/v1/chat/completions", ask())));
    expect(answers.map(({ status }) => status)).toEqual([504, 504, 504]);
    // One after the other they would all have asked, each for the whole time.
    expect(silent.mock.calls.length).toBeLessThan(3);
  });

  it("passes over a target whose provider was forgotten", async () => {
    const owner = await aRoute([down, good]);
    await owner.call("/v1/providers/mock-0", { method: "DELETE" });
    expect((await owner.call("/v1/chat/completions", ask())).headers.get("x-weft-provider")).toBe("mock-1");
  });
});

describe("a stream from a route", () => {
  const HELLO = [chunk({ role: "assistant", content: "Hello" }), chunk({}, "stop"), "data: [DONE]\n\n"];

  it("comes from the next target when the first one breaks before its first event", async () => {
    const broken = () => eventStream(['data: {"error":{"message":"overloaded"}}\n\n']);
    const owner = await aRoute([broken, () => eventStream([...HELLO])]);
    const response = await owner.fetch("/v1/chat/completions", ask({ stream: true }));
    expect(response.headers.get("x-weft-provider")).toBe("mock-1");
    expect(await response.text()).toBe(HELLO.join(""));
  });

  it("may pause longer than was left of the route's time before its first word", async () => {
    const silent: Upstream = () => new Promise(() => {});
    const [first = "", ...rest] = HELLO;
    const pausing = () => eventStream([first, rest.join("")], { pauseMs: 600 });
    const owner = await aRoute([silent, pausing], { timeoutMs: 900 });
    await aProvider(owner, silent, { timeoutMs: 400 }, "mock-0");
    const response = await owner.fetch("/v1/chat/completions", ask({ stream: true }));
    expect(await response.text()).toBe(HELLO.join(""));
  });

  it("ends within the route's time when it says nothing but its role", async () => {
    const roles = () => Array<string>(100).fill(chunk({ role: "assistant", content: "" }));
    const owner = await aRoute([() => eventStream(roles(), { pauseMs: 50 })], { timeoutMs: 150 });
    const answer = await owner.call("/v1/chat/completions", ask({ stream: true }));
    expect([answer.status, answer.body.error.code]).toEqual([504, "provider_timeout"]);
  });

  it("does not change its target once something was said", async () => {
    const second = vi.fn(() => eventStream([...HELLO]));
    const owner = await aRoute([() => eventStream(HELLO.slice(0, 1)), second]);
    const text = await (await owner.fetch("/v1/chat/completions", ask({ stream: true }))).text();
    expect(text).toContain('"error"');
    expect(second).not.toHaveBeenCalled();
  });
});

refusesTheWrongActor({
  name: "PUT /v1/model-routes/{name}",
  permission: "settings:write",
  arrange: async () => ({ path, ...put(LOCAL) }),
  namesResource: false,
});

refusesTheWrongActor({
  name: "DELETE /v1/model-routes/{name}",
  permission: "settings:write",
  arrange: async (owner) => {
    await owner.call(path, put(LOCAL));
    return { path, method: "DELETE" };
  },
  namesResource: true,
  absent: { path: "/v1/model-routes/none" },
});
