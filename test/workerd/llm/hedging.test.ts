import { eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { completeChat } from "../../../services/llm/complete-chat.ts";
import { modelCalls } from "../../../services/llm/table.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem } from "../../support/guards.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "./a-provider.ts";

const path = "/v1/model-routes/answers";
const PRICE = { inputUsdMicrosPerMillionTokens: 1_000_000, outputUsdMicrosPerMillionTokens: 1_000_000 };
const HEDGED = { hedge: { afterMs: 20 } };
const silent: Upstream = () => new Promise(() => {});
const good: Upstream = () => json(completion("Hello."));
const down: Upstream = () => json({ error: { message: "down" } }, 500, { "x-should-retry": "false" });
const HELLO = [chunk({ role: "assistant", content: "Hello" }), chunk({}, "stop"), "data: [DONE]\n\n"];
const MESSAGES = [{ role: "user", content: "hi" }];

async function aRoute(upstreams: Upstream[], more: object = HEDGED): Promise<TestMember> {
  const owner = await aTenant();
  const targets: { model: string }[] = [];
  for (const upstream of upstreams) {
    const name = `mock-${targets.length}`;
    await aProvider(owner, upstream, { prices: { m: PRICE } }, name);
    targets.push({ model: `${name}/m` });
  }
  const answer = await owner.call(path, { method: "PUT", body: { strategy: "fallback", targets, ...more } });
  expect(answer.status).toBe(201);
  return owner;
}

const ask = (owner: TestMember, more: object = {}) =>
  owner.call("/v1/chat/completions", { body: { model: "answers", messages: MESSAGES, ...more } });

function bill(owner: TestMember, rows: number) {
  return vi.waitFor(async () => {
    const found = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
    expect(found).toHaveLength(rows);
    return found.sort((a, b) => a.startedAt - b.startedAt || a.provider.localeCompare(b.provider));
  });
}

describe("a hedged route", () => {
  it("asks the next target beside one that is silent, and bills the one that was overtaken by estimate", async () => {
    const owner = await aRoute([silent, good]);
    const answer = await ask(owner);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-weft-provider")).toBe("mock-1");
    const [lost, won] = await bill(owner, 2);
    expect(won).toMatchObject({ provider: "mock-1", status: "succeeded", isEstimated: false, costUsdMicros: 1_500 });
    expect(lost).toMatchObject({ provider: "mock-0", status: "cancelled", isEstimated: true, completionTokens: 0 });
    expect(lost?.costUsdMicros).toBe(lost?.promptTokens);
    expect(lost?.promptTokens).toBeGreaterThan(0);
  });

  it("takes the first target's answer when that comes first, and stops the other", async () => {
    const release = Promise.withResolvers<void>();
    const second = vi.fn<Upstream>(() => {
      release.resolve();
      return new Promise(() => {});
    });
    const owner = await aRoute([() => release.promise.then(() => json(completion("First."))), second]);
    const { body } = await ask(owner);
    expect(body.choices[0].message.content).toBe("First.");
    expect((await bill(owner, 2)).map(({ provider, status }) => [provider, status])).toEqual([
      ["mock-0", "succeeded"],
      ["mock-1", "cancelled"],
    ]);
  });

  it("asks its only target again, under another idempotency key", async () => {
    const keys: (string | null)[] = [];
    const upstream: Upstream = ({ headers }) => {
      keys.push(headers.get("idempotency-key"));
      return keys.length === 1 ? new Promise(() => {}) : json(completion("Hello."));
    };
    const owner = await aRoute([upstream]);
    const request = { model: "answers", messages: MESSAGES };
    await completeChat(owner.ctx, request as Parameters<typeof completeChat>[1], { idempotencyKey: "once" });
    expect(keys).toEqual(["once", "once/1"]);
    expect((await bill(owner, 2)).map(({ status }) => status).sort()).toEqual(["cancelled", "succeeded"]);
  });

  it("asks no more than `max` beside the first, and passes on when those fail", async () => {
    const third = vi.fn(good);
    const owner = await aRoute([silent, silent, third], { ...HEDGED, timeoutMs: 200 });
    expect((await ask(owner)).status).toBe(503);
    expect(third).not.toHaveBeenCalled();
    const other = await aRoute([silent, silent, third], { hedge: { afterMs: 20, max: 2 } });
    expect((await ask(other)).headers.get("x-weft-provider")).toBe("mock-2");
    expect((await bill(other, 3)).filter(({ status }) => status === "cancelled")).toHaveLength(2);
  });

  it("waits for the other when one fails, and answers 503 when all do", async () => {
    const release = Promise.withResolvers<void>();
    const failing: Upstream = () => {
      setTimeout(release.resolve, 5);
      return down({ url: "", headers: new Headers(), body: {} });
    };
    const slow: Upstream = () => release.promise.then(() => json(completion("Slow.")));
    const { body } = await ask(await aRoute([slow, failing]));
    expect(body.choices[0].message.content).toBe("Slow.");
    expect((await ask(await aRoute([down, down]))).status).toBe(503);
  });

  it("ends at once when the request itself is refused", async () => {
    const refused: Upstream = () => json({ error: { message: "too long" } }, 400);
    const owner = await aRoute([silent, refused]);
    expect((await ask(owner)).status).toBe(400);
    expect((await bill(owner, 2)).map(({ status }) => status)).toEqual(["cancelled", "failed"]);
  });

  it("streams from the target that begins first, and keeps that stream alone in the cache", async () => {
    const onCancel = vi.fn();
    const owner = await aRoute([() => eventStream([], { hangs: true, onCancel }), () => eventStream([...HELLO])], {
      ...HEDGED,
      cache: { mode: "exact", ttlSeconds: 60 },
    });
    const stream = () =>
      owner.fetch("/v1/chat/completions", { body: { model: "answers", stream: true, messages: MESSAGES } });
    const response = await stream();
    expect(response.headers.get("x-weft-provider")).toBe("mock-1");
    expect(await response.text()).toBe(HELLO.join(""));
    await vi.waitFor(() => expect(onCancel).toHaveBeenCalled());
    await vi.waitFor(async () => expect((await stream()).headers.get("x-weft-cache")).toBe("hit"));
    expect((await ask(owner)).body.choices[0].message.content).toBe("Hello");
  });

  it("holds budgets for both, and settles both", async () => {
    const owner = await aRoute([silent, good], { ...HEDGED, budget: { usdMicrosPerMonth: 1_000_000 } });
    await ask(owner);
    const [lost] = await bill(owner, 2);
    await vi.waitFor(async () => {
      const { body } = await owner.call("/v1/budgets");
      expect(body.data).toMatchObject([{ spentUsdMicros: 1_500 + (lost?.costUsdMicros ?? 0), heldUsdMicros: 0 }]);
    });
  });

  it("says nothing of the health of a target that was overtaken, and tells of one that failed", async () => {
    const owner = await aRoute([silent, good]);
    await ask(owner);
    const failing = await aRoute([down, good]);
    await ask(failing);
    const failures = async (member: TestMember) =>
      (await member.call("/v1/breakers")).body.data.filter(
        ({ failureRate }: { failureRate: number }) => failureRate > 0,
      );
    expect(await failures(owner)).toEqual([]);
    expect(await failures(failing)).toMatchObject([{ provider: "mock-0", calls: 1 }]);
  });

  it("bills every target that was under way when the caller leaves", async () => {
    const leaving = new AbortController();
    const second: Upstream = () => {
      setTimeout(() => leaving.abort(new Error("gone")));
      return new Promise(() => {});
    };
    const owner = await aRoute([silent, second]);
    const request = { model: "answers", messages: MESSAGES } as Parameters<typeof completeChat>[1];
    const call = completeChat(owner.ctx, request, { signal: leaving.signal, idempotencyKey: "left" });
    await expect(call).rejects.toThrow("gone");
    expect((await bill(owner, 2)).map(({ status, isEstimated }) => [status, isEstimated])).toEqual([
      ["cancelled", true],
      ["cancelled", true],
    ]);
  });

  it("is none unless the route says so", async () => {
    const second = vi.fn(good);
    const slow: Upstream = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return json(completion("Slow."));
    };
    const owner = await aRoute([slow, second], {});
    expect((await ask(owner)).headers.get("x-weft-provider")).toBe("mock-0");
    expect(second).not.toHaveBeenCalled();
    expect((await owner.call(path)).body.hedge).toBeNull();
  });

  it.each([{ afterMs: 5 }, { afterMs: 20_000 }, { afterMs: 100, max: 9 }, { max: 1 }, 100])(
    "is refused as %j",
    async (hedge) => {
      const owner = await aTenant();
      const body = { strategy: "fallback", targets: [{ model: "local/extractive" }], hedge };
      expectProblem(await owner.call(path, { method: "PUT", body }), 422, "validation-failed");
    },
  );
});
