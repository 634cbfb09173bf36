import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { idempotencyKeys } from "../../../services/jobs/table.ts";
import { createApp } from "../../../workers/http/app.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { call, send } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";
import { asOperator } from "../../support/operator.ts";
import { testSecrets } from "../../support/secrets.ts";

describe("every answer", () => {
  it("carries request id, trace and security headers", async () => {
    const { headers } = await call("/health");
    expect(headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
    expect(headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("goes on with the caller's trace and echoes a harmless request id", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const { headers } = await call("/health", {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01`, "x-request-id": "mine-1" },
    });
    expect(headers.get("traceparent")).toContain(traceId);
    expect(headers.get("traceparent")).not.toContain("b7ad6b7169203331");
    expect(headers.get("x-request-id")).toBe("mine-1");
  });

  it("begins a trace of its own where the caller's is not valid", async () => {
    const { headers } = await call("/health", { headers: { traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` } });
    expect(headers.get("traceparent")).not.toContain("0".repeat(32));
  });

  it("does not echo a request id that could forge a log line", async () => {
    const { headers } = await call("/health", { headers: { "x-request-id": 'x","level":"error' } });
    expect(headers.get("x-request-id")).toMatch(/^req_/);
  });
});

describe("refusals are problem details", () => {
  it("404 for an address that is not there", async () => {
    const answer = await call("/nowhere");
    expectProblem(answer, 404, "not-found");
    expect(answer.body).toMatchObject({ status: 404, requestId: answer.headers.get("x-request-id") });
  });

  it("405 with the methods that are", async () => {
    const answer = await call("/v1/auth/login", { method: "DELETE" });
    expectProblem(answer, 405, "method-not-allowed");
    expect(answer.headers.get("allow")).toBe("POST");
  });

  it.each([
    ["text that is not JSON", "{", "application/json", 400, "malformed-request"],
    ["JSON nested beyond reason", "[".repeat(5_000), "application/json", 400, "malformed-request"],
    ["another media type", "<a/>", "application/xml", 415, "unsupported-media-type"],
    ["a form", "email=a", "application/x-www-form-urlencoded", 415, "unsupported-media-type"],
    ["a list", "[]", "application/json", 422, "validation-failed"],
    ["nothing", "", "application/json", 422, "validation-failed"],
    ["a body over the limit", `{"email":"${"a".repeat(1_100_000)}"}`, "application/json", 413, "payload-too-large"],
  ])("%s", async (_, body, contentType, status, code) => {
    const answer = await call("/v1/auth/login", { method: "POST", body, headers: { "content-type": contentType } });
    expectProblem(answer, status, code);
  });

  it("a body that is packed: it could stand for more than any bound", async () => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    expectProblem(await call("/v1/auth/login", { method: "POST", body: "{}", headers }), 415, "unsupported-media-type");
  });

  it("bytes that are not UTF-8", async () => {
    const { exports } = await import("cloudflare:workers");
    const response = await exports.default.fetch("http://weft.test/v1/auth/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
    });
    expect(response.status).toBe(400);
  });

  it("422 lists unknown members and wrong types by pointer", async () => {
    const answer = await call("/v1/auth/login", { body: { email: 7, password: "x", admin: true } });
    expectProblem(answer, 422, "validation-failed");
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).toEqual(expect.arrayContaining(["/email", "/admin"]));
  });

  it("a wrong query parameter is named", async () => {
    const member = await aTenant();
    const answer = await member.call("/v1/runs?limit=0&status=lost&colour=red");
    expectProblem(answer, 422, "validation-failed");
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).toEqual(expect.arrayContaining(["?limit", "?status", "?colour"]));
  });

  it("a forged cursor is refused", async () => {
    const member = await aTenant();
    expectProblem(await member.call("/v1/runs?cursor=e30"), 422, "validation-failed");
  });
});

describe("a defect", () => {
  const cause = () => asOperator("/defect", { method: "POST", body: { message: "the secret of the house" } });

  it("is caused by nobody where test fixtures are off", async () => {
    expectProblem(await cause(), 404, "not-found");
  });

  it("answers 500 and keeps its message to itself", async () => {
    const request = new Request("http://weft.test/v1/operator/defect", {
      method: "POST",
      headers: { authorization: `Bearer ${testSecrets().OPERATOR_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ message: "the secret of the house" }),
    });
    const fixtures = { ...env, WEFT_TEST_FIXTURES: "1" };
    const response = await createApp().fetch(request, fixtures, createExecutionContext());
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: "internal-error", requestId: response.headers.get("x-request-id") });
    expect(text).not.toContain("secret of the house");
  });

  it("are OpenAI's on OpenAI's addresses, whoever refuses", async () => {
    const limited = { ...env, RATE_LIMIT_PER_IP: "1" };
    const ask = () =>
      createApp().fetch(new Request("http://weft.test/v1/models/a/b"), limited, createExecutionContext());
    await ask();
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(await refused.json()).toMatchObject({ error: { type: "requests", code: "rate_limit_exceeded" } });
    const unsupported = await call("/v1/models/a/b", { method: "DELETE" });
    expect(unsupported.status).toBe(405);
    expect(unsupported.body).toMatchObject({ error: { code: "method_not_allowed" } });
  });
});

describe("the line that a request leaves in the log", () => {
  it("keeps no answer waiting: it is written once the answer has left", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const lines = () =>
      log.mock.calls
        .flatMap(([text]) => String(text).split("\n"))
        .filter((line) => line.includes('"event":"request","requestId":"logged"'));
    try {
      const execution = createExecutionContext();
      const request = new Request("http://weft.test/health", { headers: { "x-request-id": "logged" } });
      await createApp().fetch(request, env, execution);
      expect(lines()).toEqual([]);
      await waitOnExecutionContext(execution);
      // Another request may have opened the batch, and writes it.
      await vi.waitFor(() => expect(lines()).toEqual([expect.stringContaining('"route":"/health","status":200')]));
    } finally {
      log.mockRestore();
    }
  });
});

describe("a secret that is missing", () => {
  it("is named in the log and answered 503", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const request = new Request("http://weft.test/health", { headers: { "x-request-id": "asked" } });
    const { OPERATOR_TOKEN: _, ...incomplete } = env;
    const response = await createApp().fetch(request, incomplete, createExecutionContext());
    const written = log.mock.calls.flat().join("\n");
    log.mockRestore();
    expect(written).toContain("Configuration is not valid. OPERATOR_TOKEN");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    const body = await response.json();
    expect(body).toMatchObject({ code: "unavailable", requestId: response.headers.get("x-request-id") });
    expect(JSON.stringify(body)).not.toContain("OPERATOR_TOKEN");
  });
});

describe("an idempotency key", () => {
  const create = (key: string, name: string) => ({
    body: { name, scopes: ["runs:read"] },
    headers: { "idempotency-key": key },
  });

  it("replays the first answer and does the work once", async () => {
    const member = await aTenant();
    const first = await member.call("/v1/api-keys", create("k-1", "one"));
    const again = await member.call("/v1/api-keys", create('"k-1"', "one"));
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(201);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await member.call("/v1/api-keys")).body.data).toHaveLength(1);
  });

  it("with another body is refused", async () => {
    const member = await aTenant();
    await member.call("/v1/api-keys", create("k-2", "one"));
    expectProblem(await member.call("/v1/api-keys", create("k-2", "two")), 422, "idempotency-key-reused");
  });

  it("runs one of two equal requests at the same time", async () => {
    const member = await aTenant();
    const answers = await Promise.all([1, 2, 3].map(() => member.call("/v1/api-keys", create("k-3", "one"))));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect((await member.call("/v1/api-keys")).body.data).toHaveLength(1);
  });

  it("is free again after a refusal", async () => {
    const member = await aTenant();
    const refused = await member.call("/v1/api-keys", {
      body: { name: "x", scopes: ["nonsense"] },
      headers: { "idempotency-key": "k-4" },
    });
    expect(refused.status).toBe(422);
    expect((await member.call("/v1/api-keys", create("k-4", "one"))).status).toBe(201);
  });

  it("of another tenant is another key", async () => {
    const [one, other] = [await aTenant(), await aTenant()];
    const first = await one.call("/v1/api-keys", create("k-5", "one"));
    const second = await other.call("/v1/api-keys", create("k-5", "one"));
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.headers.get("idempotency-replayed")).toBeNull();
  });

  it("keeps no secret readable at rest", async () => {
    const member = await aTenant();
    const { body } = await member.call("/v1/api-keys", create("k-6", "one"));
    const rows = await member.ctx.db
      .select()
      .from(idempotencyKeys)
      .where(eq(idempotencyKeys.tenantId, member.tenantId));
    expect(JSON.stringify(rows)).not.toContain(body.key);
  });
});

describe("for newcomers and operators", () => {
  it("/ answers a page that says where to begin", async () => {
    const response = await send("/");
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(await response.text()).toContain("npm run demo");
  });

  it.each(["/verify-email", "/reset-password", "/restore", "/invitations/accept"])(
    "%s is a page that runs its own script alone and holds nothing of the link",
    async (path) => {
      const [one, two] = await Promise.all([1, 2].map(() => send(`${path}?token=<b>secret</b>`)));
      const [text, policy] = [await one?.text(), one?.headers.get("content-security-policy") ?? ""];
      const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "none";
      expect(text).toContain(`<script nonce="${nonce}">`);
      expect(text).not.toContain("secret");
      expect(policy).toContain("default-src 'none'");
      expect(two?.headers.get("content-security-policy")).not.toBe(policy);
      expect(one?.headers.get("cache-control")).toBe("no-store");
    },
  );

  it("/openapi.json describes every operation, and /docs renders it", async () => {
    const { body } = await call("/openapi.json");
    expect(body.openapi).toBe("3.1.1");
    expect(body.paths["/v1/workflows/{name}/runs"].post.operationId).toBe("startRun");
    expect(body.components.schemas.Run).toBeDefined();
    expect(Object.keys(body.components.schemas).filter((name) => name.startsWith("__"))).toEqual([]);
    const page = await (await send("/docs")).text();
    expect(page).toContain("/v1/runs/{id}/events");
    for (const member of ["chunking.maxTokens", "Idempotency-Key", "data[].id"])
      expect(page).toContain(`<code>${member}<`);
  });

  it("/openapi.json tells OpenAI's errors as they are told, and what is streamed", async () => {
    const { body } = await call("/openapi.json");
    const chat = body.paths["/v1/chat/completions"].post.responses;
    expect(Object.keys(chat)).toEqual(expect.arrayContaining(["400", "404", "409", "413", "429", "502", "503", "504"]));
    expect(chat["400"].content["application/json"].schema.$ref).toBe("#/components/schemas/OpenAiError");
    expect(Object.keys(chat["200"].content)).toEqual(["application/json", "text/event-stream"]);
    const version = body.paths["/v1/model-routes/{name}/versions/{version}"].get.responses;
    expect(version["422"]).toBeDefined();
    const search = body.paths["/v1/knowledge-bases/{id}/search"].post.responses;
    expect(Object.keys(search["502"].content)).toEqual(["application/problem+json"]);
  });

  it("/ready names what stands behind each port", async () => {
    const { status, body } = await call("/ready");
    expect(status).toBe(200);
    expect(body.dependencies).toContainEqual(
      expect.objectContaining({ name: "database", implementation: "d1", status: "up" }),
    );
  });
});
