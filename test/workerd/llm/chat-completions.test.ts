import { and, eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { completeChat } from "../../../services/llm/complete-chat.ts";
import { modelCalls } from "../../../services/llm/table.ts";
import { aMember, anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { call } from "../../support/client.ts";
import { aProvider, chunk, completion, eventStream, json, type ReceivedCall } from "./a-provider.ts";

const ask = (model: string, more: object = {}) => ({
  body: { model, messages: [{ role: "user", content: "Say hello." }], ...more },
});
const PRICES = { m: { inputUsdMicrosPerMillionTokens: 2_000_000, outputUsdMicrosPerMillionTokens: 8_000_000 } };
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const HELLO = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Hello" }),
  chunk({ content: " you" }),
  chunk({}, "stop"),
];

/** The bill of the tenant, once it has as many rows. */
async function bill(member: TestMember, rows = 1) {
  const { db } = member.ctx;
  const read = () => db.select().from(modelCalls).where(eq(modelCalls.tenantId, member.tenantId));
  return vi.waitFor(async () => {
    const found = await read();
    expect(found).toHaveLength(rows);
    return found;
  });
}

describe("a whole completion", () => {
  it("passes through the provider, says who gave it and what it cost, and is billed", async () => {
    const owner = await aTenant();
    const calls: ReceivedCall[] = [];
    const answers = (received: ReceivedCall) => {
      calls.push(received);
      return json(completion("Hello."));
    };
    await aProvider(owner, answers, { prices: PRICES });
    const answer = await owner.call("/v1/chat/completions", ask("mock/m", { verbosity: "low" }));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(completion("Hello."));
    expect(answer.headers.get("x-weft-provider")).toBe("mock");
    expect(answer.headers.get("x-weft-model")).toBe("m");
    expect(answer.headers.get("x-weft-cost-usd-micros")).toBe("6000");
    expect(calls[0]?.body).toMatchObject({ model: "m", verbosity: "low" });
    expect(calls[0]?.headers.get("authorization")).toBe("Bearer sk-very-secret");
    const [row] = await bill(owner);
    expect(row).toMatchObject({
      status: "succeeded",
      provider: "mock",
      model: "m",
      promptTokens: 1_000,
      completionTokens: 500,
      costUsdMicros: 6_000,
      isPriced: true,
      isEstimated: false,
      isStreamed: false,
      finishReason: "stop",
      actorType: "user",
      actorId: owner.userId,
    });
  });

  it("costs 0 and says so where the price is unknown", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    await owner.call("/v1/chat/completions", ask("mock/m"));
    expect((await bill(owner))[0]).toMatchObject({ costUsdMicros: 0, isPriced: false });
  });

  it("is billed by estimate where the provider tells no usage", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.", { usage: undefined })), { prices: PRICES });
    await owner.call("/v1/chat/completions", ask("mock/m"));
    const [row] = await bill(owner);
    expect(row?.isEstimated).toBe(true);
    expect(row?.costUsdMicros).toBeGreaterThan(0);
  });

  it.each([
    ["below nothing", { ...USAGE, completion_tokens: -4 }],
    ["fractions", { ...USAGE, prompt_tokens: 10.5 }],
    ["texts", { prompt_tokens: "10", completion_tokens: "4", total_tokens: "14" }],
    ["beyond all measure", { ...USAGE, prompt_tokens: Number.MAX_SAFE_INTEGER }],
    ["no counts", "many"],
  ])("whose usage is %s is an answer all the same, billed by estimate, whole and streamed", async (_what, usage) => {
    const owner = await aTenant();
    const told = `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", choices: [], usage })}\n\n`;
    const answers = ({ body }: ReceivedCall) =>
      body.stream ? eventStream([...HELLO, told, "data: [DONE]\n\n"]) : json(completion("Hello you", { usage }));
    await aProvider(owner, answers, { prices: PRICES });
    const whole = await owner.call("/v1/chat/completions", ask("mock/m"));
    expect(whole.body.choices[0].message.content).toBe("Hello you");
    const streamed = await owner.fetch("/v1/chat/completions", ask("mock/m", { stream: true }));
    expect(await streamed.text()).toBe([...HELLO, "data: [DONE]\n\n"].join(""));
    const rows = await bill(owner, 2);
    // Both said the same, so both are estimated at the same.
    for (const row of rows) expect(row).toMatchObject({ status: "succeeded", isEstimated: true, completionTokens: 3 });
    expect(rows[0]?.costUsdMicros).toBe(rows[1]?.costUsdMicros);
  });

  it("needs nothing but the built-in provider", async () => {
    const owner = await aTenant();
    const messages = [
      { role: "system", content: "[1] Bees make honey." },
      { role: "user", content: "What do bees make?" },
    ];
    const { body } = await owner.call("/v1/chat/completions", { body: { model: "local/extractive", messages } });
    expect(body.choices[0].message.content).toBe("Bees make honey. [1]");
  });
});

describe("a repeated call with the same key", () => {
  it("is on the bill once", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")), { prices: PRICES });
    const request = { model: "mock/m", messages: [{ role: "user" as const, content: "hi" }] };
    const ctx = { ...owner.ctx, run: { id: "run_1", workflow: "letters", state: "Draft" } };
    await completeChat(ctx, request, { idempotencyKey: "run_1/Draft/1" });
    await bill(owner);
    await completeChat(ctx, request, { idempotencyKey: "run_1/Draft/1" });
    await completeChat(ctx, request, { idempotencyKey: "run_1/Draft/2" });
    const asked = { runId: "run_1", runState: "Draft", workflow: "letters" };
    expect(await bill(owner, 2)).toMatchObject([asked, asked]);
  });

  it("is billed when it succeeds after a failure", async () => {
    const owner = await aTenant();
    const answers = [json({ error: { message: "no" } }, 400), json(completion("Hello."))];
    await aProvider(owner, () => answers.shift() ?? json({}), { prices: PRICES });
    const request = { model: "mock/m", messages: [{ role: "user" as const, content: "hi" }] };
    await completeChat(owner.ctx, request, { idempotencyKey: "k" }).catch(() => null);
    await bill(owner);
    await completeChat(owner.ctx, request, { idempotencyKey: "k" });
    await vi.waitFor(async () => expect((await bill(owner))[0]?.status).toBe("succeeded"));
  });
});

describe("a streamed completion", () => {
  it("passes event by event, without usage unless it was asked for, and is billed exactly", async () => {
    const owner = await aTenant();
    const parts = () => [...HELLO, chunk({}, null, USAGE), "data: [DONE]\n\n"];
    await aProvider(owner, () => eventStream(parts()), { prices: PRICES });
    const response = await owner.fetch("/v1/chat/completions", ask("mock/m", { stream: true }));
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(response.headers.get("x-weft-provider")).toBe("mock");
    expect(await response.text()).toBe([...HELLO, "data: [DONE]\n\n"].join(""));
    const [row] = await bill(owner);
    expect(row).toMatchObject({ status: "succeeded", isStreamed: true, isEstimated: false, costUsdMicros: 52 });

    const more = { stream: true, stream_options: { include_usage: true } };
    const withUsage = await owner.fetch("/v1/chat/completions", ask("mock/m", more));
    expect(await withUsage.text()).toBe(parts().join(""));
  });

  it("ends with an error event and no end mark when the provider breaks off, and is billed by estimate", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => eventStream(HELLO.slice(0, 3)), { prices: PRICES });
    const text = await (await owner.fetch("/v1/chat/completions", ask("mock/m", { stream: true }))).text();
    expect(text).toContain(`${HELLO[2]}data: {"error":`);
    expect(text).not.toContain("[DONE]");
    expect((await bill(owner))[0]).toMatchObject({
      status: "interrupted",
      isEstimated: true,
      problem: "provider-failed",
    });
  });

  it("lets go of the provider when the client leaves, and is billed what was said", async () => {
    const owner = await aTenant();
    const onCancel = vi.fn();
    await aProvider(owner, () => eventStream(HELLO.slice(0, 3), { hangs: true, onCancel }), { prices: PRICES });
    const response = await owner.fetch("/v1/chat/completions", ask("mock/m", { stream: true }));
    const reader = response.body?.getReader();
    for (let text = ""; !text.includes(" you"); ) text += new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    const [row] = await bill(owner);
    expect(row).toMatchObject({ status: "cancelled", isEstimated: true });
    expect(row?.completionTokens).toBeGreaterThan(0);
  });

  it("keeps its status when the provider fails before the first event", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => eventStream(['data: {"error":{"message":"overloaded"}}\n\n']));
    const answer = await owner.call("/v1/chat/completions", ask("mock/m", { stream: true }));
    expect(answer.status).toBe(502);
    expect(answer.body.error).toMatchObject({ type: "server_error", code: "provider_failed" });
  });
});

describe("errors in OpenAI's shape", () => {
  it.each([
    ["a body that is not JSON", "{", 400, null],
    ["no messages", { model: "local/extractive" }, 400, "messages"],
    ["an empty list of messages", { model: "local/extractive", messages: [] }, 400, "messages"],
    [
      "a role that does not exist",
      { model: "a/b", messages: [{ role: "boss", content: "x" }] },
      400,
      "messages[0].role",
    ],
    ["a list", [], 400, null],
  ])("answer %s", async (_name, body, status, param) => {
    const owner = await aTenant();
    const answer = await owner.call("/v1/chat/completions", { body });
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ type: "invalid_request_error", param });
    expect(answer.body.error.message).toMatch(/^(The body (is|:)|The body: |[\w.[\]]+: )/);
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  it("answer a model that nobody has", async () => {
    const owner = await aTenant();
    for (const model of ["nobody/m", "mock/m", "plain", "local/other", "/", "a/"]) {
      const answer = await owner.call("/v1/chat/completions", ask(model));
      expect(answer.status).toBe(404);
      expect(answer.body.error).toMatchObject({ type: "invalid_request_error", code: "model_not_found" });
    }
  });

  it("answer a name that no header can hold", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    for (const model of ["mock/a\nb", "mock/\u0000", "mock/\u007f"]) {
      const answer = await owner.call("/v1/chat/completions", ask(model));
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "model_not_found" } } });
    }
  });

  it("answer a method that is not there", async () => {
    const answer = await call("/v1/chat/completions", { method: "PUT", body: {} });
    expect(answer.status).toBe(405);
    expect(answer.body).toEqual({ error: expect.objectContaining({ code: "method_not_allowed" }) });
    expect(answer.headers.get("allow")).toBe("POST");
  });

  it("answer a missing and a wrong key", async () => {
    for (const headers of [{}, { authorization: "Bearer weft_live_nonsense" }]) {
      const answer = await call("/v1/chat/completions", { ...ask("local/extractive"), headers });
      expect(answer.status).toBe(401);
      expect(answer.body.error).toMatchObject({ code: "invalid_api_key" });
    }
  });

  it("answer a member and a key that may not call models", async () => {
    const owner = await aTenant();
    const viewer = await aMember(owner, "viewer");
    const key = await anApiKey(owner, ["runs:read"]);
    for (const actor of [viewer, key]) {
      const answer = await actor.call("/v1/chat/completions", ask("local/extractive"));
      expect(answer.status).toBe(403);
      expect(answer.body.error.code).toBe("insufficient_permissions");
    }
  });

  it("say what the provider said when it refuses", async () => {
    const owner = await aTenant();
    const error = { message: "Unsupported value", type: "invalid_request_error", param: "temperature", code: "bad" };
    await aProvider(owner, () => json({ error }, 400));
    const answer = await owner.call("/v1/chat/completions", ask("mock/m"));
    expect(answer.status).toBe(400);
    expect(answer.body.error).toEqual(error);
    const [row] = await bill(owner);
    expect(row).toMatchObject({ status: "failed", problem: "provider-refused", costUsdMicros: 0 });
  });

  it("tell clients whether to try again", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json({}, 503, { "x-should-retry": "false" }));
    const answer = await owner.call("/v1/chat/completions", ask("mock/m"));
    expect(answer.status).toBe(502);
    expect(answer.headers.get("x-should-retry")).toBe("true");
  });
});

describe("tenants", () => {
  it("do not reach each other's providers", async () => {
    const owner = await aTenant();
    await aProvider(owner, () => json(completion("Hello.")));
    const stranger = await aTenant();
    expect((await stranger.call("/v1/chat/completions", ask("mock/m"))).status).toBe(404);
    const { db } = stranger.ctx;
    const rows = await db
      .select()
      .from(modelCalls)
      .where(and(eq(modelCalls.tenantId, stranger.tenantId)));
    expect(rows).toEqual([]);
  });
});
