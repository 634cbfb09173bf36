import { eq, sql } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { completeChat } from "../../../services/llm/complete-chat.ts";
import { modelCalls } from "../../../services/llm/table.ts";
import { projectRuns } from "../../../services/workflows/project-runs.ts";
import { aRun } from "../../support/a-run.ts";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aDocument, aKnowledgeBase, LEAVE_POLICY } from "../knowledge/a-knowledge-base.ts";
import { aProvider, chunk, completion, eventStream, json, type Upstream } from "../llm/a-provider.ts";

// The mock provider tells 1,000 tokens of prompt and 500 of answer: at these prices a call costs 1,000 micro-dollars.
const PRICES = { m: { inputUsdMicrosPerMillionTokens: 0, outputUsdMicrosPerMillionTokens: 2_000_000 } };
const MESSAGES = [{ role: "user" as const, content: "hi" }];
const ask = (more: object = {}) => ({ body: { model: "mock/m", messages: MESSAGES, ...more } });
const today = () => new Date().toISOString().slice(0, 10);

async function aPayer(upstream: Upstream = () => json(completion("Hello."))): Promise<TestMember> {
  const owner = await aTenant();
  await aProvider(owner, upstream, { prices: PRICES });
  return owner;
}

/** Rows of the bill and of the read models are written behind the answer: waits until usage is as expected. */
function usage(member: Pick<TestMember, "call">, query: string, expected: object) {
  return vi.waitFor(async () => {
    const { status, body } = await member.call(`/v1/usage${query}`);
    expect(status).toBe(200);
    expect(body).toMatchObject(expected);
    return body;
  });
}

describe("usage", () => {
  it("tells what calls, cached answers, runs and documents used and cost", async () => {
    const owner = await aPayer();
    const cached = { strategy: "fallback", targets: [{ model: "mock/m" }], cache: { mode: "exact", ttlSeconds: 60 } };
    await owner.call("/v1/model-routes/answers", { method: "PUT", body: cached });
    const key = await anApiKey(owner, ["llm:write", "usage:read"]);
    await owner.call("/v1/chat/completions", ask());
    await key.call("/v1/chat/completions", ask({ model: "answers" }));
    const again = await key.call("/v1/chat/completions", ask({ model: "answers" }));
    expect(again.headers.get("x-weft-cache")).toBe("hit");
    const { id: runId, workflow } = await aRun(
      owner,
      {
        StartAt: "Prepare",
        States: {
          Prepare: { Type: "Pass", Next: "Ask" },
          Ask: {
            Type: "Task",
            Resource: "weft:llm:chat",
            Parameters: { model: "mock/m", messages: MESSAGES },
            End: true,
          },
        },
      },
      { wait: 20 },
    );
    const { chunks } = await aDocument(owner, await aKnowledgeBase(owner), { title: "Leave", text: LEAVE_POLICY });

    const body = await usage(owner, "", {
      data: expect.arrayContaining([
        { meter: "chat-calls", quantity: 3, estimatedQuantity: 0, costUsdMicros: 3_000, priced: true },
        { meter: "input-tokens", quantity: 3_000, estimatedQuantity: 0 },
        { meter: "output-tokens", quantity: 1_500, estimatedQuantity: 0 },
        { meter: "cache-hits", quantity: 1, savedUsdMicros: 1_000 },
        { meter: "runs", quantity: 1 },
        { meter: "state-transitions", quantity: 2 },
        { meter: "documents", quantity: 1 },
        { meter: "chunks", quantity: chunks },
      ]),
      totals: { costUsdMicros: 3_000, priced: true, savedUsdMicros: 1_000, cacheHitRate: 0.25 },
    });
    expect(body.totals.quantities).toEqual(
      Object.fromEntries(
        body.data.map(({ meter, quantity }: { meter: string; quantity: number }) => [meter, quantity]),
      ),
    );

    const bill = await owner.ctx.db.select().from(modelCalls).where(eq(modelCalls.tenantId, owner.tenantId));
    expect(bill.filter((row) => row.workflow !== null)).toMatchObject([{ runId, runState: "Ask", workflow }]);

    const of = { day: today(), model: "mock/m" };
    const everything = await usage(key, "?groupBy=day,workflow,user,model,meter", { totals: body.totals });
    expect(everything.data.filter(({ meter }: { meter: string }) => /chat|cache-hits|run|doc/.test(meter))).toEqual([
      ...[
        { ...of, workflow: null, user: key.id },
        { ...of, workflow: null, user: owner.userId },
        { ...of, workflow, user: null },
      ].map((by) => ({
        ...{ meter: "chat-calls", quantity: 1, estimatedQuantity: 0, costUsdMicros: 1_000, priced: true },
        ...by,
      })),
      { ...of, meter: "cache-hits", quantity: 1, savedUsdMicros: 1_000, workflow: null, user: key.id },
      { day: today(), meter: "runs", quantity: 1, model: null, workflow, user: null },
      { day: today(), meter: "documents", quantity: 1, model: null, workflow: null, user: null },
    ]);
  });

  it("is the tenant's own", async () => {
    const [owner, stranger] = await Promise.all([aPayer(), aTenant()]);
    await owner.call("/v1/chat/completions", ask());
    await usage(owner, "", { totals: { quantities: { "chat-calls": 1 } } });
    await usage(stranger, "", { data: [], totals: { costUsdMicros: 0, quantities: {} } });
  });

  it("counts days from `from` on, and none from `to` on", async () => {
    const owner = await aPayer();
    await owner.call("/v1/chat/completions", ask());
    await usage(owner, "", { totals: { costUsdMicros: 1_000 } });
    const day = today();
    await usage(owner, `?to=${day}`, { to: `${day}T00:00:00.000Z`, data: [] });
    await usage(owner, `?from=${day}`, { from: `${day}T00:00:00.000Z`, totals: { costUsdMicros: 1_000 } });
    const now = Date.now();
    const span = { from: new Date(now - 1).toISOString(), to: new Date(now + 1).toISOString() };
    await usage(owner, `?${new URLSearchParams(span)}`, { totals: { costUsdMicros: 1_000 } });
  });

  it("names what was estimated, what failed without use, and what has no price", async () => {
    const answers: Upstream[] = [
      () => json({ error: { message: "no" } }, 400),
      () => eventStream([chunk({ content: "Some words." })], { hangs: true }),
      () => json(completion("Hello.")),
    ];
    const owner = await aPayer((call) => answers.shift()?.(call) ?? json({}));
    await owner.call("/v1/chat/completions", ask());
    const response = await owner.fetch("/v1/chat/completions", ask({ stream: true }));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await owner.call("/v1/chat/completions", ask({ model: "mock/unheard-of" }));
    const body = await usage(owner, "?groupBy=model", {
      data: expect.arrayContaining([
        {
          meter: "chat-calls",
          quantity: 2,
          estimatedQuantity: 1,
          costUsdMicros: expect.any(Number),
          priced: true,
          model: "mock/m",
        },
        {
          meter: "chat-calls",
          quantity: 1,
          estimatedQuantity: 0,
          costUsdMicros: 0,
          priced: false,
          model: "mock/unheard-of",
        },
      ]),
      totals: { priced: false },
    });
    const tokens = body.data.find(
      (one: { meter: string; model: string }) => one.meter === "output-tokens" && one.model === "mock/m",
    );
    expect(tokens.quantity).toBeGreaterThan(0);
    expect(tokens.estimatedQuantity).toBe(tokens.quantity);
  });

  it("counts a repeated call once, and in place of its failure", async () => {
    const answers = [json({ error: { message: "no" } }, 400), json(completion("Hello."))];
    const owner = await aPayer(() => answers.shift() ?? json(completion("Hello.")));
    const request = { model: "mock/m", messages: MESSAGES };
    const repeat = () => completeChat(owner.ctx, request, { idempotencyKey: "k" });
    await repeat().catch(() => null);
    await usage(owner, "", { data: [{ meter: "chat-calls", quantity: 1, costUsdMicros: 0 }] });
    await repeat();
    await usage(owner, "", { totals: { costUsdMicros: 1_000, quantities: { "chat-calls": 1, "output-tokens": 500 } } });
    await repeat();
    await owner.call("/v1/chat/completions", ask());
    await usage(owner, "", {
      totals: { costUsdMicros: 2_000, quantities: { "chat-calls": 2, "output-tokens": 1_000 } },
    });
  });

  it("counts each state of a run once, however often its news come", async () => {
    const owner = await aTenant();
    const wait = {
      StartAt: "Go",
      States: {
        Go: { Type: "Pass", Next: "Wait" },
        Wait: { Type: "Wait", Seconds: 1, Next: "End" },
        End: { Type: "Succeed" },
      },
    };
    const { id } = await aRun(owner, wait, { wait: 20 });
    const expected = { totals: { quantities: { runs: 1, "state-transitions": 3 } } };
    await usage(owner, "", expected);
    await projectRuns(owner.ctx, [{ runId: id, tenantId: owner.tenantId }]);
    await usage(owner, "", expected);
  });

  it("tells the children of a distributed Map apart", async () => {
    const owner = await aTenant();
    const each = {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
      StartAt: "Do",
      States: { Do: { Type: "Pass", End: true } },
    };
    const definition = { StartAt: "Each", States: { Each: { Type: "Map", ItemProcessor: each, End: true } } };
    await aRun(owner, definition, { input: [1, 2, 3], wait: 20 });
    await usage(owner, "", { totals: { quantities: { runs: 1, "map-child-runs": 3, "state-transitions": 4 } } });
  });

  it.each([
    ["an unknown key", "groupBy=model,provider", "?groupBy"],
    ["no key", "groupBy=", "?groupBy"],
    ["what is no time", "from=yesterday", "?from"],
    ["a day that there is not", "to=2026-02-30", "?to"],
    ["an end before the beginning", "from=2026-11-02&to=2026-11-01", "?from"],
    ["more than 366 days one by one", "from=2024-01-01&to=2026-01-01&groupBy=day", "?from"],
    ["an unknown parameter", "group=model", "?group"],
  ])("refuses %s", async (_, query, pointer) => {
    const answer = await (await aTenant()).call(`/v1/usage?${query}`);
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it("refuses more groups than an answer can hold", async () => {
    const { ctx, tenantId, call } = await aTenant();
    await ctx.db.run(sql`
      insert into usage_days (tenant_id, day, kind, user, calls)
      with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n <= 10000)
      select ${tenantId}, ${today()}, 'chat', 'usr_' || n, 1 from numbers`);
    const refusal = await call("/v1/usage?groupBy=user");
    expectProblem(refusal, 422, "validation-failed");
    expect(refusal.body.errors).toMatchObject([{ pointer: "?groupBy" }]);
    await usage({ call }, "", { totals: { quantities: { "chat-calls": 10_001 } } });
  });
});

refusesTheWrongActor({
  name: "GET /v1/usage",
  permission: "usage:read",
  arrange: async () => ({ path: "/v1/usage" }),
  namesResource: false,
});
