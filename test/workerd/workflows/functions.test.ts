import { abortAllDurableObjects } from "cloudflare:test";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { aRun, eventually } from "../../support/a-run.ts";
import { aServer } from "../../support/a-server.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const SECRET_BYTES = Buffer.from("0123456789abcdef0123456789abcdef");
const SECRET = `whsec_${SECRET_BYTES.toString("base64")}`;

function put(member: TestMember, name: string, body: Json) {
  return member.call(`/v1/functions/${name}`, { method: "PUT", body });
}

function task(resource: string, more: Record<string, Json> = {}): Json {
  return { StartAt: "Call", States: { Call: { Type: "Task", Resource: resource, End: true, ...more } } };
}

const calling = (name: string, more: Record<string, Json> = {}) =>
  task("weft:function:call", { Parameters: { name, "payload.$": "$" }, ...more });

describe("a function", () => {
  it("is made, read, listed, replaced and deleted; what is secret is never shown", async () => {
    const member = await aTenant();
    const body = {
      url: "https://functions.example.com/score",
      headers: { "X-Team": "content", authorization: "Bearer hidden" },
      timeoutSeconds: 30,
      secret: SECRET,
    };
    const made = await put(member, "score", body);
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: "score",
        url: body.url,
        headerNames: ["X-Team", "authorization"],
        hasSecret: true,
        timeoutSeconds: 30,
      },
    });
    expect(JSON.stringify(made.body)).not.toMatch(/whsec|hidden|content/);
    expect(await member.call("/v1/functions/score")).toMatchObject({ status: 200, body: made.body });
    const replaced = await put(member, "score", { url: body.url, secret: null });
    expect(replaced).toMatchObject({
      status: 200,
      body: { headerNames: ["X-Team", "authorization"], hasSecret: false },
    });
    await put(member, "another", { url: "https://functions.example.com/" });
    const { body: page } = await member.call("/v1/functions?limit=1");
    expect(page.data).toMatchObject([{ name: "another" }]);
    expect((await member.call(`/v1/functions?cursor=${page.nextCursor}`)).body.data).toMatchObject([{ name: "score" }]);
    expect((await member.call("/v1/functions/score", { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call("/v1/functions/score"), 404, "not-found");
    expectProblem(await member.call("/v1/functions/score", { method: "DELETE" }), 404, "not-found");
  });

  it("keeps secrets for another address from going along", async () => {
    const member = await aTenant();
    await put(member, "moved", { url: "https://a.example.com/", headers: { a: "b" }, secret: SECRET });
    const moved = await put(member, "moved", { url: "https://b.example.com/" });
    expect(moved.body).toMatchObject({ headerNames: [], hasSecret: false });
  });

  it.each([
    ["an address inside", { url: "https://10.0.0.1/" }, "forbidden-target"],
    ["the metadata service", { url: "http://169.254.169.254/latest" }, "forbidden-target"],
    ["no address", {}, "validation-failed"],
    ["another scheme", { url: "ftp://example.com/" }, "validation-failed"],
    ["an unknown member", { url: "https://example.com/", retries: 3 }, "validation-failed"],
    ["a header with a line break", { url: "https://example.com/", headers: { a: "b\r\nc: d" } }, "validation-failed"],
    ["a timeout of an hour", { url: "https://example.com/", timeoutSeconds: 3_600 }, "validation-failed"],
    ["a secret that is no base64", { url: "https://example.com/", secret: "whsec_!!!!" }, "validation-failed"],
  ])("refuses %s", async (_, body, code) => {
    expectProblem(await put(await aTenant(), "bad", body as Json), 422, code);
  });

  it("refuses a name that is none", async () => {
    expectProblem(await put(await aTenant(), "no.dots", { url: "https://example.com/" }), 422, "validation-failed");
  });
});

refusesTheWrongActor({
  name: "PUT /v1/functions/{name}",
  permission: "workflows:write",
  namesResource: false,
  arrange: async () => ({ path: "/v1/functions/f", method: "PUT", body: { url: "https://example.com/" } }),
});
refusesTheWrongActor({
  name: "DELETE /v1/functions/{name}",
  permission: "workflows:write",
  namesResource: true,
  absent: { path: "/v1/functions/absent" },
  async arrange(owner) {
    await put(owner, "f", { url: "https://example.com/" });
    return { path: "/v1/functions/f", method: "DELETE" };
  },
});

describe("a task that calls a function", () => {
  it("posts the payload with its key, trace, headers and signature, and goes on with the answer", async () => {
    const member = await aTenant();
    const server = aServer(({ body }) => Response.json({ got: JSON.parse(body) }));
    await put(member, "echo", { url: `${server.url}hook`, headers: { "x-team": "content" }, secret: SECRET });
    const run = await aRun(member, calling("echo"), { input: { n: 1 }, wait: 5 });
    expect(run).toMatchObject({ status: "succeeded", output: { got: { n: 1 } } });
    const [call] = server.calls;
    expect(call).toMatchObject({ method: "POST", body: '{"n":1}' });
    expect(call?.url.pathname).toBe("/hook");
    expect(call?.headers.get("content-type")).toBe("application/json");
    expect(call?.headers.get("x-team")).toBe("content");
    expect(call?.headers.get("idempotency-key")).toContain(run.id);
    expect(call?.headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    const [id, at] = [call?.headers.get("webhook-id"), call?.headers.get("webhook-timestamp")];
    expect(id).not.toContain(".");
    const expected = createHmac("sha256", SECRET_BYTES).update(`${id}.${at}.${call?.body}`).digest("base64");
    expect(call?.headers.get("webhook-signature")).toBe(`v1,${expected}`);
  });

  it("lets no header of the function stand in for those of the call", async () => {
    const member = await aTenant();
    const server = aServer(() => Response.json(1));
    const headers = { "Content-Type": "text/plain", "Idempotency-Key": "mine", "X-Team": "content" };
    await put(member, "headers", { url: server.url, headers });
    const run = await aRun(member, calling("headers"), { wait: 5 });
    const sent = server.calls[0]?.headers;
    expect(sent?.get("content-type")).toBe("application/json");
    expect(sent?.get("idempotency-key")).toContain(run.id);
    expect(sent?.get("x-team")).toBe("content");
  });

  it("gives each attempt a key of its own, and a Retry its attempts", async () => {
    const member = await aTenant();
    const server = aServer(() => Response.json({ errorType: "Busy" }, { status: 503 }));
    await put(member, "busy", { url: server.url });
    const retry = [{ ErrorEquals: ["Busy"], IntervalSeconds: 1, MaxAttempts: 1 }];
    const run = await aRun(member, calling("busy", { Retry: retry }), { wait: 8 });
    expect(run).toMatchObject({ status: "failed", error: "Busy", cause: '{"errorType":"Busy"}' });
    expect(new Set(server.calls.map((call) => call.headers.get("idempotency-key"))).size).toBe(2);
  });

  it.each([
    ["an error it names", () => Response.json({ errorType: "NoStock", errorMessage: "x" }, { status: 500 }), "NoStock"],
    ["a status alone", () => new Response("overloaded", { status: 503 }), "States.Http.StatusCode.503"],
    [
      "a header of Lambda's",
      () => Response.json({ errorType: "Oops" }, { headers: { "x-amz-function-error": "Unhandled" } }),
      "Oops",
    ],
    ["text that is no JSON", () => new Response("<html>"), "States.TaskFailed"],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "/" } }), "States.Http.StatusCode.302"],
  ])("fails with what the function says: %s", async (_, answer, error) => {
    const member = await aTenant();
    const server = aServer(answer);
    await put(member, "failing", { url: server.url });
    expect(await aRun(member, calling("failing"), { wait: 5 })).toMatchObject({ status: "failed", error });
    expect(server.calls).toHaveLength(1);
  });

  it("takes no answer at all for null", async () => {
    const member = await aTenant();
    await put(member, "silent", { url: aServer(() => new Response(null, { status: 204 })).url });
    expect(await aRun(member, calling("silent"), { wait: 5 })).toMatchObject({ status: "succeeded", output: null });
  });

  it("gives up when the function takes too long", async () => {
    const member = await aTenant();
    await put(member, "slow", { url: aServer(() => new Promise(() => {})).url, timeoutSeconds: 1 });
    expect(await aRun(member, calling("slow"), { wait: 5 })).toMatchObject({
      status: "failed",
      error: "States.Timeout",
    });
  });

  it("fails where the tenant has no such function, though another tenant has", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    await put(stranger, "theirs", { url: "https://example.com/" });
    expect(await aRun(member, calling("theirs"), { wait: 5 })).toMatchObject({
      status: "failed",
      error: "Weft.NotFound",
    });
  });

  it("calls again with the same key when the object died in between", async () => {
    const member = await aTenant();
    const { promise: first, resolve: answerFirst } = Promise.withResolvers<Response>();
    let calls = 0;
    const server = aServer(() => (++calls === 1 ? first : Response.json("second")));
    await put(member, "crash", { url: server.url });
    const run = await aRun(member, calling("crash"));
    await eventually(
      async () => calls,
      (seen) => seen === 1,
    );
    await abortAllDurableObjects();
    answerFirst(Response.json("first"));
    const ended = (await member.call(`/v1/runs/${run.id}?wait=10`)).body as Run;
    expect(ended.status).toBe("succeeded");
    const keys = server.calls.map((call) => call.headers.get("idempotency-key"));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe("Lambda's names", () => {
  const ARN = "arn:aws:lambda:us-east-1:123456789012:function:score";

  it("an ARN as the resource gets the state's input and answers the result itself", async () => {
    const member = await aTenant();
    await put(member, "score", { url: aServer(({ body }) => Response.json([body])).url });
    const run = await aRun(member, task(`${ARN}:live`), { input: { a: 1 }, wait: 5 });
    expect(run).toMatchObject({ status: "succeeded", output: ['{"a":1}'] });
  });

  it.each(["score", "score:live", ARN, "123456789012:function:score"])("invoke finds %s", async (FunctionName) => {
    const member = await aTenant();
    await put(member, "score", { url: aServer(({ body }) => Response.json({ is: JSON.parse(body) })).url });
    const definition = task("arn:aws:states:::lambda:invoke", { Parameters: { FunctionName, Payload: { x: 1 } } });
    const run = await aRun(member, definition, { wait: 5 });
    expect(run.output).toMatchObject({
      ExecutedVersion: "$LATEST",
      Payload: { is: { x: 1 } },
      SdkHttpMetadata: { HttpStatusCode: 200 },
      SdkResponseMetadata: {},
      StatusCode: 200,
    });
  });

  it("invoke.waitForTaskToken hands the token to the function and takes what comes back with it", async () => {
    const member = await aTenant();
    const server = aServer(() => Response.json({ accepted: true }));
    await put(member, "score", { url: server.url });
    const Parameters = { FunctionName: "score", Payload: { "token.$": "$$.Task.Token" } };
    const run = await aRun(member, task("arn:aws:states:::lambda:invoke.waitForTaskToken", { Parameters }));
    await eventually(
      async () => server.calls,
      (calls) => calls.length === 1,
    );
    const { token } = JSON.parse(server.calls[0]?.body ?? "{}") as { token: string };
    const body = { taskToken: token, output: { score: 7 } };
    expect((await member.call("/v1/task-tokens/success", { method: "POST", body })).status).toBeLessThan(300);
    const ended = (await member.call(`/v1/runs/${run.id}?wait=5`)).body as Run;
    expect(ended).toMatchObject({ status: "succeeded", output: { score: 7 } });
    expect(server.calls).toHaveLength(1);
  });

  it("an unknown function is a ResourceNotFoundException", async () => {
    const run = await aRun(await aTenant(), task(ARN), { wait: 5 });
    expect(run).toMatchObject({ status: "failed", error: "Lambda.ResourceNotFoundException" });
    expect(run.cause).toContain(ARN);
  });
});

describe("http:invoke", () => {
  const invoke = (Parameters: Json) => task("arn:aws:states:::http:invoke", { Parameters });

  it("answers in Step Functions' shape", async () => {
    const member = await aTenant();
    const server = aServer(() => Response.json({ ok: true }, { status: 201, headers: { "x-a": "b" } }));
    const run = await aRun(
      member,
      invoke({
        ApiEndpoint: `${server.url}orders`,
        Method: "POST",
        QueryParameters: { q: ["1", "2"] },
        Headers: { "X-B": "c" },
        RequestBody: { a: 1 },
      }),
      { wait: 5 },
    );
    expect(run.output).toMatchObject({
      Headers: { "x-a": ["b"] },
      ResponseBody: { ok: true },
      StatusCode: 201,
      StatusText: "Created",
    });
    expect(server.calls[0]).toMatchObject({ method: "POST", body: '{"a":1}' });
    expect(server.calls[0]?.url.search).toBe("?q=1&q=2");
    expect(server.calls[0]?.headers.get("x-b")).toBe("c");
  });

  it("writes a form where the body is to be encoded so", async () => {
    const server = aServer(() => Response.json({}));
    const Transform = { RequestBodyEncoding: "URL_ENCODED" };
    const RequestBody = { a: "1 2", b: [3, 4] };
    await aRun(await aTenant(), invoke({ ApiEndpoint: server.url, Method: "POST", RequestBody, Transform }), {
      wait: 5,
    });
    expect(server.calls[0]?.body).toBe("a=1+2&b=3&b=4");
    expect(server.calls[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
  });

  it("fails with the status as the error's name", async () => {
    const server = aServer(() => new Response("gone", { status: 410 }));
    const run = await aRun(await aTenant(), invoke({ ApiEndpoint: server.url, Method: "GET" }), { wait: 5 });
    expect(run).toMatchObject({ status: "failed", error: "States.Http.StatusCode.410", cause: "gone" });
  });

  it("takes a connection's headers from the function of its name, for that function's origin alone", async () => {
    const member = await aTenant();
    const [server, other] = [aServer(() => Response.json(1)), aServer(() => Response.json(2))];
    await put(member, "crm", { url: server.url, headers: { authorization: "Bearer hidden" } });
    const ConnectionArn = "arn:aws:events:us-east-1:123456789012:connection/crm/0a1b";
    const to = (url: string) => invoke({ ApiEndpoint: url, Method: "GET", Authentication: { ConnectionArn } });
    expect((await aRun(member, to(server.url), { wait: 5 })).status).toBe("succeeded");
    expect(server.calls[0]?.headers.get("authorization")).toBe("Bearer hidden");
    const refused = await aRun(member, to(other.url), { wait: 5 });
    expect(refused.error).toBe("Events.ConnectionResource.InvalidConnectionState");
    expect(other.calls).toHaveLength(0);
  });

  it("reaches no address inside", async () => {
    const run = await aRun(await aTenant(), invoke({ ApiEndpoint: "http://10.0.0.1/", Method: "GET" }), { wait: 5 });
    expect(run).toMatchObject({ status: "failed", error: "Weft.ForbiddenTarget" });
  });
});

describe("the echo of the test fixtures", () => {
  it("is an unknown function where the fixtures are off", async () => {
    const member = await aTenant();
    const run = await aRun(member, task("arn:aws:lambda:test:000000000000:function:echo"), { wait: 10 });
    expect(run).toMatchObject({ status: "failed", error: "Lambda.ResourceNotFoundException" });
  });
});
