import { and, eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../domain/kernel/time.ts";
import { auditEntries } from "../../../services/audit/table.ts";
import { completeChat } from "../../../services/llm/complete-chat.ts";
import { judgeExperiments } from "../../../services/llm/judge-experiments.ts";
import { streamChat } from "../../../services/llm/stream-chat.ts";
import { answerSamples, driftReports, modelCalls } from "../../../services/llm/table.ts";
import { lookForDrift } from "../../../services/llm/watch-drift.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { chain, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

const good: Upstream = () => json(completion("Hello."));
const bad: Upstream = () => json({ error: { message: "no" } }, 400);
const VARIANTS = [
  { name: "control", model: "mock-a/m" },
  { name: "other", model: "mock-b/m" },
];
const PLAN = { name: "Which one", route: "answers", variants: VARIANTS };

async function aRoute(a: Upstream = good, b: Upstream = good, member?: TestMember): Promise<TestMember> {
  const owner = member ?? (await aTenant());
  await aProvider(owner, a, {}, "mock-a");
  await aProvider(owner, b, {}, "mock-b");
  const body = { strategy: "fallback", targets: [{ model: "mock-a/m" }] };
  await owner.call("/v1/model-routes/answers", { method: "PUT", body });
  return owner;
}

const ask = (owner: TestMember, user: string) =>
  owner.call("/v1/chat/completions", {
    body: { model: "answers", user, messages: [{ role: "user", content: "hi" }] },
  });

/** Users of whom the experiment gives as many to each of two variants. */
async function usersOfBoth(owner: TestMember, each: number): Promise<void> {
  const counts: Record<string, number> = {};
  for (let n = 0; Object.values(counts).filter((count) => count >= each).length < 2; n++) {
    const { headers, body } = await ask(owner, `user-${n}`);
    const provider = headers.get("x-weft-provider") ?? `failed: ${body.error.message}`;
    counts[provider] = (counts[provider] ?? 0) + 1;
  }
}

function onTheBill(owner: TestMember, variant: string, atLeast: number) {
  return vi.waitFor(async () => {
    const rows = await owner.ctx.db
      .select()
      .from(modelCalls)
      .where(and(eq(modelCalls.tenantId, owner.tenantId), eq(modelCalls.variant, variant)));
    expect(rows.length).toBeGreaterThanOrEqual(atLeast);
  });
}

describe("an experiment", () => {
  it("gives each subject one variant and notes it on the bill", async () => {
    const owner = await aRoute();
    const created = await owner.call("/v1/experiments", { body: PLAN });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ status: "running", guard: null, rolledBack: [], endedAt: null });
    await usersOfBoth(owner, 2);
    const first = (await ask(owner, "user-0")).headers.get("x-weft-provider");
    for (let n = 0; n < 3; n++) expect((await ask(owner, "user-0")).headers.get("x-weft-provider")).toBe(first);
    await onTheBill(owner, "control", 2);
    await onTheBill(owner, "other", 2);
    const path = `/v1/experiments/${created.body.id}`;
    expect((await owner.call(path)).body).toEqual(created.body);
    expect((await owner.call("/v1/experiments")).body.data).toEqual([created.body]);
  });

  it("tells how its variants do, ratings included", async () => {
    const owner = await aRoute();
    const { body: experiment } = await owner.call("/v1/experiments", { body: PLAN });
    await usersOfBoth(owner, 2);
    const answer = await ask(owner, "user-0");
    const target = answer.headers.get("x-request-id");
    await onTheBill(owner, "control", 2);
    expect((await owner.call("/v1/feedback", { body: { target, rating: 2 } })).status).toBe(201);
    const again = await owner.call("/v1/feedback", { body: { target, rating: 4, comment: "Better." } });
    expect(again.body).toMatchObject({ target, rating: 4, comment: "Better." });
    await vi.waitFor(async () => {
      const { body } = await owner.call(`/v1/experiments/${experiment.id}/results`);
      expect(body).toMatchObject({ control: "control", status: "running" });
      const rated = body.variants.find((variant: { model: string }) =>
        variant.model.startsWith(answer.headers.get("x-weft-provider") ?? "?"),
      );
      expect(rated.metrics.rating).toMatchObject({ value: 4, samples: 1 });
      expect(rated.metrics["error-rate"]).toMatchObject({ value: 0, isSignificant: false });
      expect(rated.metrics["latency-ms"].samples).toBe(rated.calls);
    });
  });

  it("rolls back a variant that breaches its guard, and ends when one is left", async () => {
    const owner = await aRoute(good, bad);
    const guard = { metric: "error-rate", limit: 0.5, minSamples: 3 };
    const { body: experiment } = await owner.call("/v1/experiments", { body: { ...PLAN, guard } });
    await usersOfBoth(owner, 3);
    await onTheBill(owner, "other", 3);
    const platform = aPlatform();
    await judgeExperiments(platform);
    await judgeExperiments(platform);
    await platform.settled();
    const { body } = await owner.call(`/v1/experiments/${experiment.id}`);
    expect(body).toMatchObject({ status: "rolled-back", rolledBack: ["other"], endedAt: expect.any(String) });
    for (let n = 0; n < 10; n++) expect((await ask(owner, `user-${n}`)).status).toBe(200);
    const entries = await owner.ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, owner.tenantId));
    expect(entries.filter(({ action }) => action === "experiment.variant-rolled-back")).toHaveLength(1);
  });

  it("rolls back a variant that is down, though its circuit breaker spares it the calls", async () => {
    const owner = await aRoute(good, () => json({}, 500, { "x-should-retry": "false" }));
    const guard = { metric: "error-rate", limit: 0.5, minSamples: 12 };
    const { body: experiment } = await owner.call("/v1/experiments", { body: { ...PLAN, guard } });
    for (let n = 0; n < 60; n++) expect((await ask(owner, `user-${n}`)).status).toBe(200);
    await onTheBill(owner, "other", 12);
    const platform = aPlatform();
    await judgeExperiments(platform);
    await platform.settled();
    const { body } = await owner.call(`/v1/experiments/${experiment.id}`);
    expect(body).toMatchObject({ status: "rolled-back", rolledBack: ["other"] });
  });

  it("ends with its route: one that is made anew under the name takes no part in it", async () => {
    const owner = await aRoute();
    const { body: experiment } = await owner.call("/v1/experiments", { body: PLAN });
    expect((await owner.call("/v1/model-routes/answers", { method: "DELETE" })).status).toBe(204);
    const { body } = await owner.call(`/v1/experiments/${experiment.id}`);
    expect(body).toMatchObject({ status: "stopped", endedAt: expect.any(String) });
    await vi.waitFor(async () => {
      const entries = await owner.ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, owner.tenantId));
      expect(entries.filter(({ action }) => action === "experiment.stopped")).toHaveLength(1);
    });
    await aRoute(good, good, owner);
    for (let n = 0; n < 12; n++) expect((await ask(owner, `user-${n}`)).headers.get("x-weft-provider")).toBe("mock-a");
    expect((await owner.call("/v1/experiments", { body: PLAN })).status).toBe(201);
  });

  it("is alone on its route until it is stopped", async () => {
    const owner = await aRoute();
    const { body: experiment } = await owner.call("/v1/experiments", { body: PLAN });
    expectProblem(await owner.call("/v1/experiments", { body: PLAN }), 409, "conflict");
    const stop = () => owner.call(`/v1/experiments/${experiment.id}`, { body: { status: "stopped" } });
    const stopped = await stop();
    expect(stopped.body).toMatchObject({ status: "stopped", endedAt: expect.any(String) });
    expect((await stop()).body).toEqual(stopped.body);
    expect((await owner.call("/v1/experiments", { body: PLAN })).status).toBe(201);
  });

  it.each([
    ["/route", { route: "nowhere" }],
    ["/variants/1/model", { variants: [VARIANTS[0], { name: "other", model: "nobody/m" }] }],
    ["/variants", { variants: [VARIANTS[0], VARIANTS[0]] }],
    ["/variants", { variants: [VARIANTS[0]] }],
    ["/guard/metric", { guard: { metric: "mood", limit: 1 } }],
  ])("is refused for %s", async (pointer, change) => {
    const owner = await aRoute();
    const answer = await owner.call("/v1/experiments", { body: { ...PLAN, ...change } });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});

/** A row of the bill: a call that went well. */
function aBilledCall(
  { ctx, tenantId, userId }: TestMember,
  of: { startedAt: number; completionTokens: number },
): typeof modelCalls.$inferInsert {
  return {
    id: ctx.ids.next("cmpl"),
    tenantId,
    kind: "chat",
    status: "succeeded",
    provider: "mock",
    model: "m",
    finishReason: "stop",
    isStreamed: false,
    promptTokens: 1,
    cachedPromptTokens: 0,
    isEstimated: false,
    costUsdMicros: 0,
    isPriced: true,
    durationMs: 1,
    actorType: "user",
    actorId: userId,
    requestId: ctx.ids.next("req"),
    traceId: "t",
    ...of,
  };
}

async function putOnBill({ ctx }: TestMember, rows: (typeof modelCalls.$inferInsert)[]): Promise<void> {
  const [first, ...others] = rows.map((values) => ctx.db.insert(modelCalls).values(values));
  if (first !== undefined) await ctx.db.batch([first, ...others]);
}

describe("drift of a model", () => {
  it("is told once when the last day differs from the week before, and starts the workflow that waits for it", async () => {
    const owner = await aTenant();
    await owner.call("/v1/workflows/evaluate", { method: "PUT", body: { definition: chain(1) } });
    const wanted = { eventType: "model.drift_detected", filter: { subject: ["mock/m"], hasDrifted: [true] } };
    await owner.call("/v1/triggers", { body: { ...wanted, workflow: "evaluate" } });
    const { ctx, tenantId } = owner;
    const now = Date.now();
    const rows = Array.from({ length: 40 }, (_, n) => [
      aBilledCall(owner, { startedAt: now - 60 * HOUR_MS - n, completionTokens: 100 + (n % 10) }),
      aBilledCall(owner, { startedAt: now - HOUR_MS - n, completionTokens: 300 + (n % 10) }),
    ]).flat();
    await putOnBill(owner, rows);
    const provider = { name: "mock", kind: "openai-compatible", baseUrl: null, apiKey: null, timeoutMs: 1, prices: {} };
    const answered = {
      kind: "chat" as const,
      target: { provider: { ...provider, kind: "openai-compatible" as const, countsRateLimits: true }, model: "m" },
      route: null,
      options: {},
      isStreamed: false,
      startedAt: now,
    };
    expect(await lookForDrift(ctx, answered)).toMatchObject({ subject: "mock/m", hasDrifted: true, recentCalls: 40 });
    expect(await lookForDrift(ctx, answered)).toBeNull();
    await ctx.db
      .update(driftReports)
      .set({ at: now - 2 * HOUR_MS })
      .where(eq(driftReports.tenantId, tenantId));
    expect(await lookForDrift(ctx, answered)).toMatchObject({ hasDrifted: true });
    const entries = await ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, tenantId));
    expect(entries.filter(({ action }) => action === "model.drift-detected")).toHaveLength(1);
    const { body } = await owner.call("/v1/drift");
    expect(body.data).toMatchObject([{ subject: "mock/m", routeVersion: null, hasDrifted: true }]);
    const runs = await eventually(
      async () => (await owner.call("/v1/runs?workflow=evaluate&status=succeeded")).body.data,
      ({ length }) => length > 0,
    );
    const { body: events } = await owner.call("/v1/events");
    expect(events.data).toEqual([
      {
        ...runs[0].input,
        type: "model.drift_detected",
        runId: null,
        data: expect.objectContaining({ recentCalls: 40 }),
      },
    ]);
    expect(runs).toHaveLength(1);
  });
});

describe("drift that comes with the calls themselves", () => {
  const answer = (tokens: number, reason: string) =>
    completion("Hello.", {
      choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: reason }],
      usage: { prompt_tokens: 1, completion_tokens: tokens, total_tokens: tokens + 1 },
    });

  it.each([
    ["answers get long", { tokens: 300, refusals: 0 }, "answer-length"],
    ["refusals rise", { tokens: 100, refusals: 20 }, "refusal-rate"],
  ])("%s: the event is raised, and a run begins by it", async (_, { tokens, refusals }, signal) => {
    const owner = await aTenant();
    const now = Date.now();
    const weekBefore = Array.from({ length: 40 }, (_, n) =>
      aBilledCall(owner, { startedAt: now - 60 * HOUR_MS - n, completionTokens: 100 + (n % 10) }),
    );
    await putOnBill(owner, weekBefore);
    let calls = 0;
    await aProvider(owner, () => json(answer(tokens + (calls % 10), calls++ < refusals ? "content_filter" : "stop")));
    await owner.call("/v1/workflows/evaluate", { method: "PUT", body: { definition: chain(1) } });
    const wanted = { eventType: "model.drift_detected", filter: { subject: ["mock/m"] } };
    await owner.call("/v1/triggers", { body: { ...wanted, workflow: "evaluate" } });
    const askModel = async () => {
      const body = { model: "mock/m", messages: [{ role: "user", content: "hi" }] };
      expect((await owner.call("/v1/chat/completions", { body })).status).toBe(200);
    };
    // A tenth of the calls looks for drift, by chance: here none does until all are on the bill, and then the next.
    const chance = vi.spyOn(owner.ctx.random, "next").mockReturnValue(0.99);
    try {
      await Promise.all(Array.from({ length: 40 }, askModel));
      const from = new Date(now - 1_000).toISOString();
      const isBilled = async () => (await owner.call(`/v1/models/performance?from=${from}`)).body.data[0]?.calls === 40;
      await eventually(isBilled, (is) => is);
      chance.mockReturnValue(0);
      await askModel();
    } finally {
      chance.mockRestore();
    }
    const [run] = await eventually(
      async () => (await owner.call("/v1/runs?workflow=evaluate&status=succeeded")).body.data,
      ({ length }) => length > 0,
    );
    expect(run.input).toMatchObject({ type: "model.drift_detected", data: { subject: "mock/m", hasDrifted: true } });
    const { body } = await owner.call("/v1/drift");
    const drifted = body.data[0].signals.filter((one: { hasDrifted: boolean }) => one.hasDrifted);
    expect(new Set(drifted.map((one: { signal: string }) => one.signal))).toEqual(new Set([signal]));
  });
});

it("drift is looked for behind streams, too", async () => {
  const owner = await aRoute(() =>
    eventStream([chunk({ role: "assistant", content: "Hi" }), chunk({}, "stop"), "data: [DONE]\n\n"]),
  );
  const ctx = { ...owner.ctx, random: { ...owner.ctx.random, next: () => 0 } };
  const { body } = await streamChat(ctx, { model: "answers", messages: [{ role: "user", content: "hi" }] });
  await new Response(body).text();
  const looks = await eventually(
    async () => (await owner.call("/v1/drift")).body.data,
    ({ length }) => length > 0,
  );
  expect(looks).toMatchObject([{ subject: "answers", routeVersion: 1, hasDrifted: false }]);
});

it("samples of answers are written together, and those that no look asks for are dropped", async () => {
  const owner = await aRoute();
  const { tenantId } = owner;
  const stale = {
    id: owner.ctx.ids.next("evt"),
    tenantId,
    subject: "answers@1",
    vector: [1],
    at: Date.now() - 30 * DAY_MS,
  };
  await owner.ctx.db.insert(answerSamples).values(stale);
  const statements = vi.fn();
  const db = new Proxy(owner.ctx.db, {
    get(target, name) {
      if (name === "insert" || name === "delete") statements(name);
      return Reflect.get(target, name);
    },
  });
  const ctx = { ...owner.ctx, db, random: { ...owner.ctx.random, next: () => 0 } };
  const call = () => completeChat({ ...ctx }, { model: "answers", messages: [{ role: "user", content: "hi" }] });
  await Promise.all(Array.from({ length: 25 }, call));
  const samples = () => owner.ctx.db.select().from(answerSamples).where(eq(answerSamples.tenantId, tenantId));
  const kept = await eventually(samples, (rows) => rows.length === 25 && rows.every(({ id }) => id !== stale.id));
  expect(new Set(kept.map(({ subject }) => subject))).toEqual(new Set(["answers@1"]));
  expect(statements.mock.calls.filter(([name]) => name === "delete")).toHaveLength(1);
  // The samples, in statements of twenty, and the one look with its report.
  expect(statements.mock.calls.filter(([name]) => name === "insert").length).toBeLessThanOrEqual(6);
});

describe("drift of a route's meaning", () => {
  const target = { provider: { name: "mock", kind: "openai-compatible", baseUrl: null, apiKey: null } };
  it.each([
    ["is seen within one version", "answers@2", true],
    ["is not made of what an earlier version said", "answers@1", false],
  ])("%s", async (_, earlier, isSeen) => {
    const { ctx, tenantId } = await aTenant();
    const now = Date.now();
    const sample = (subject: string, at: number, vector: number[]) =>
      ctx.db.insert(answerSamples).values({ id: ctx.ids.next("evt"), tenantId, subject, at, vector });
    const samples = Array.from({ length: 30 }, (_, n) => [
      sample(earlier, now - 60 * HOUR_MS - n, [1, n / 1_000]),
      sample("answers@2", now - HOUR_MS - n, [n / 1_000, 1]),
    ]).flat();
    await ctx.db.batch(samples as [(typeof samples)[number]]);
    const report = await lookForDrift(ctx, {
      ...{ kind: "chat", options: {}, isStreamed: false, startedAt: now, route: "answers", routeVersion: 2 },
      target: { ...target, model: "m" },
    } as unknown as Parameters<typeof lookForDrift>[1]);
    expect(report).toMatchObject({ subject: "answers", routeVersion: 2, hasDrifted: isSeen });
  });
});

describe("feedback", () => {
  it.each([{ rating: 0 }, { rating: 6 }, { rating: 2.5 }, { target: "" }, { mood: "good" }])(
    "is refused with %j",
    async (change) => {
      const owner = await aTenant();
      const answer = await owner.call("/v1/feedback", { body: { target: "req_x", rating: 3, ...change } });
      expectProblem(answer, 422, "validation-failed");
    },
  );
});

refusesTheWrongActor({
  name: "POST /v1/experiments",
  permission: "settings:write",
  arrange: async () => ({ path: "/v1/experiments", body: PLAN }),
  namesResource: false,
});
refusesTheWrongActor({
  name: "GET /v1/experiments/{id}/results",
  permission: "llm:read",
  arrange: async (owner) => {
    await aRoute(good, good, owner);
    const { body } = await owner.call("/v1/experiments", { body: PLAN });
    return { path: `/v1/experiments/${body.id}/results` };
  },
  namesResource: true,
  absent: { path: `/v1/experiments/exp_${"0".repeat(26)}/results` },
});
refusesTheWrongActor({
  name: "POST /v1/feedback",
  permission: "llm:write",
  arrange: async () => ({ path: "/v1/feedback", body: { target: "req_x", rating: 3 } }),
  namesResource: false,
});
