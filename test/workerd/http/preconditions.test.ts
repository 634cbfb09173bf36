import { describe, expect, it } from "vitest";
import { OPERATIONS } from "../../../workers/http/app.ts";
import { aMember, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem } from "../../support/guards.ts";

const DEFINITION = { StartAt: "End", States: { End: { Type: "Succeed" } } };

interface Conditional {
  path: string;
  write: { method: string; body: unknown };
}

/** One resource of each kind that is changed in place, by the path of its operations. */
const RESOURCES: Record<string, (owner: TestMember) => Promise<Conditional>> = {
  "/v1/tenant": async () => ({ path: "/v1/tenant", write: patch({ name: "Another" }) }),
  "/v1/members/{userId}": async (owner) => ({
    path: `/v1/members/${(await aMember(owner, "viewer")).userId}`,
    write: patch({ role: "member" }),
  }),
  "/v1/functions/{name}": async (owner) => {
    const path = "/v1/functions/quote";
    await owner.call(path, { method: "PUT", body: { url: "https://example.com/a" } });
    return { path, write: { method: "PUT", body: { url: "https://example.com/b" } } };
  },
  "/v1/schedules/{id}": async (owner) => {
    await aWorkflow(owner);
    const { body } = await owner.call("/v1/schedules", {
      body: { workflow: "flow", cron: "0 0 1 1 *", enabled: true },
    });
    return { path: `/v1/schedules/${body.id}`, write: patch({ cron: "0 0 2 1 *" }) };
  },
  "/v1/triggers/{id}": async (owner) => {
    await aWorkflow(owner);
    const { body } = await owner.call("/v1/triggers", { body: { workflow: "flow", eventType: "a.b", enabled: true } });
    return { path: `/v1/triggers/${body.id}`, write: patch({ eventType: "a.c" }) };
  },
  "/v1/knowledge-bases/{id}": async (owner) => {
    const { body } = await owner.call("/v1/knowledge-bases", { body: { name: "Handbook" } });
    return { path: `/v1/knowledge-bases/${body.id}`, write: patch({ name: "Manual" }) };
  },
  "/v1/workflows/{name}/aliases/{alias}": async (owner) => {
    await aWorkflow(owner);
    const path = "/v1/workflows/flow/aliases/live";
    const routes = [{ version: 1, weight: 100 }];
    await owner.call(path, { method: "PUT", body: { routes } });
    return { path, write: { method: "PUT", body: { routes, description: "Changed" } } };
  },
  "/v1/providers/{name}": async (owner) => {
    const path = "/v1/providers/models";
    const server = { kind: "openai-compatible", baseUrl: "https://example.com/v1" };
    await owner.call(path, { method: "PUT", body: server });
    return { path, write: { method: "PUT", body: { ...server, timeoutMs: 1_000 } } };
  },
  "/v1/model-routes/{name}": async (owner) => {
    const path = "/v1/model-routes/answers";
    const route = { strategy: "fallback", targets: [{ model: "local/extractive" }] };
    await owner.call(path, { method: "PUT", body: route });
    return { path, write: { method: "PUT", body: { ...route, retries: 1 } } };
  },
  "/v1/guardrails": async () => ({
    path: "/v1/guardrails",
    write: { method: "PUT", body: { guardrails: [{ type: "pii" }] } },
  }),
};

/** Those that are always there, one a tenant. */
const SINGLETONS = ["/v1/tenant", "/v1/guardrails"];

function patch(body: unknown) {
  return { method: "PATCH", body };
}

async function aWorkflow(owner: TestMember): Promise<void> {
  const { status } = await owner.call("/v1/workflows/flow", { method: "PUT", body: { definition: DEFINITION } });
  expect(status).toBeLessThan(300);
}

const tagOf = async (owner: TestMember, path: string) =>
  (await owner.call(path)).headers.get("etag") ?? expect.fail(`${path} has no tag`);

describe.each(Object.keys(RESOURCES))("%s", (template) => {
  const arrange = async () => {
    const owner = await aTenant();
    const resource = await RESOURCES[template]?.(owner);
    if (resource === undefined) return expect.fail("no such resource");
    return { owner, ...resource };
  };

  it("is sent again only when it is another", async () => {
    const { owner, path, write } = await arrange();
    const etag = await tagOf(owner, path);
    const same = await owner.fetch(path, { headers: { "if-none-match": `"other", W/${etag}` } });
    expect([same.status, await same.text(), same.headers.get("etag")]).toEqual([304, "", etag]);
    expect(same.headers.get("cache-control")).toBe("no-store");
    expect(same.headers.get("vary")).toContain("Authorization");
    const changed = await owner.call(path, write);
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).toBe(await tagOf(owner, path));
    expect((await owner.fetch(path, { headers: { "if-none-match": etag } })).status).toBe(200);
  });

  it("is changed and deleted only as the client knows it", async () => {
    const { owner, path, write } = await arrange();
    const before = await owner.call(path);
    const etag = before.headers.get("etag") ?? "";
    for (const tag of ['"0123"', `W/${etag}`]) {
      expectProblem(await owner.call(path, { ...write, headers: { "if-match": tag } }), 412, "precondition-failed");
      if (SINGLETONS.includes(path)) continue;
      const remove = { method: "DELETE", headers: { "if-match": tag } };
      expectProblem(await owner.call(path, remove), 412, "precondition-failed");
    }
    expect((await owner.call(path)).body).toEqual(before.body);
    expect((await owner.call(path, { ...write, headers: { "if-match": etag } })).status).toBe(200);
    expectProblem(await owner.call(path, { ...write, headers: { "if-match": etag } }), 412, "precondition-failed");
  });

  it("is changed by one of two who know the same", async () => {
    const { owner, path, write } = await arrange();
    const headers = { "if-match": await tagOf(owner, path) };
    const answers = await Promise.all([
      owner.call(path, { ...write, headers }),
      owner.call(path, { ...write, headers }),
    ]);
    const [won, lost] = answers.map(({ status }) => status).sort();
    expect(won).toBe(200);
    expect([409, 412]).toContain(lost);
  });

  it("tells a stranger nothing by its tag", async () => {
    const { owner, path } = await arrange();
    if (!path.includes("_")) return;
    const etag = await tagOf(owner, path);
    const stranger = await aTenant();
    const absent = path.replace(/_\w+$/, `_${"0".repeat(26)}`);
    for (const header of ["if-match", "if-none-match"]) {
      for (const method of ["GET", "DELETE"]) {
        const init = { method, headers: { [header]: etag } };
        const [foreign, none] = [await stranger.call(path, init), await stranger.call(absent, init)];
        expectProblem(foreign, 404, "not-found");
        expect([foreign.body.detail, foreign.headers.get("etag")]).toEqual([none.body.detail, null]);
      }
    }
  });
});

describe("preconditions", () => {
  it("are tested here for every resource that has them", () => {
    const paths = OPERATIONS.filter(({ conditional }) => conditional).map(({ path }) => path);
    expect([...new Set(paths)].sort()).toEqual(Object.keys(RESOURCES).sort());
  });

  it("create a named resource only where there is none, also for two at once", async () => {
    const owner = await aTenant();
    const create = () =>
      owner.call("/v1/functions/new", {
        ...{ method: "PUT", body: { url: "https://example.com/a" } },
        headers: { "if-none-match": "*" },
      });
    const statuses = (await Promise.all([create(), create()])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 412]);
    expectProblem(await create(), 412, "precondition-failed");
    const missing = { method: "PUT", body: { url: "https://example.com/a" }, headers: { "if-match": "*" } };
    expectProblem(await owner.call("/v1/functions/none", missing), 412, "precondition-failed");
  });

  it.each(["abc", '"a" "b"', '"a",', "*, *"])("refuses the tags %j", async (tags) => {
    const answer = await (await aTenant()).call("/v1/tenant", { headers: { "if-none-match": tags } });
    expectProblem(answer, 422, "validation-failed");
  });
});
