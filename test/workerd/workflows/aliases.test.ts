import { describe, expect, it } from "vitest";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

/** A workflow whose version n answers n. */
async function versions(member: TestMember, count: number, name = "canary"): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const definition = { StartAt: "N", States: { N: { Type: "Pass", Result: n, End: true } } };
    const { status } = await member.call(`/v1/workflows/${name}`, { method: "PUT", body: { definition } });
    expect(status).toBe(201);
  }
}

function put(member: TestMember, routes: unknown, alias = "live") {
  return member.call(`/v1/workflows/canary/aliases/${alias}`, { method: "PUT", body: { routes } });
}

async function start(member: TestMember, body: object): Promise<Run> {
  const answer = await member.call("/v1/workflows/canary/runs?wait=5", { method: "POST", body });
  expect(answer.status).toBe(201);
  return answer.body as Run;
}

const all = (version: number) => [{ version, weight: 100 }];

describe("an alias", () => {
  it("is made, moved, read, listed with its versions and deleted", async () => {
    const member = await aTenant();
    await versions(member, 2);
    const made = await put(member, all(1));
    expect(made).toMatchObject({ status: 201, body: { workflow: "canary", alias: "live", routes: all(1) } });
    const routes = [
      { version: 1, weight: 90 },
      { version: 2, weight: 10 },
    ];
    expect(await put(member, routes)).toMatchObject({ status: 200, body: { routes } });
    expect((await member.call("/v1/workflows/canary/aliases/live")).body).toMatchObject({ routes });
    expect((await member.call("/v1/workflows/canary/aliases")).body).toMatchObject({
      data: [{ alias: "live" }],
      nextCursor: null,
    });
    const { body } = await member.call("/v1/workflows/canary/versions");
    expect(
      body.data.map(({ version, aliases }: { version: number; aliases: unknown }) => ({ version, aliases })),
    ).toEqual([
      { version: 2, aliases: [{ alias: "live", weight: 10 }] },
      { version: 1, aliases: [{ alias: "live", weight: 90 }] },
    ]);
    const path = "/v1/workflows/canary/aliases/live";
    expect((await member.call(path, { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call(path), 404, "not-found");
    expectProblem(await member.call(path, { method: "DELETE" }), 404, "not-found");
  });

  it("leads a start to its version, by weight", async () => {
    const member = await aTenant();
    await versions(member, 2);
    await put(member, all(1));
    expect(await start(member, { alias: "live" })).toMatchObject({ version: 1, output: 1 });
    await put(member, all(2));
    expect(await start(member, { alias: "live" })).toMatchObject({ version: 2, output: 2 });
  });

  it("draws both versions of an even canary, and always the same for a named run", async () => {
    const member = await aTenant();
    await versions(member, 2);
    await put(member, [
      { version: 1, weight: 50 },
      { version: 2, weight: 50 },
    ]);
    const drawn = await Promise.all(Array.from({ length: 24 }, () => start(member, { alias: "live" })));
    expect(new Set(drawn.map((run) => run.version))).toEqual(new Set([1, 2]));
    const first = await start(member, { alias: "live", name: "order-7" });
    const again = await member.call("/v1/workflows/canary/runs", {
      method: "POST",
      body: { alias: "live", name: "order-7" },
    });
    expect(again).toMatchObject({ status: 200, body: { id: first.id, version: first.version } });
  });

  it("keeps the versions that it leads to; the newest stays as well", async () => {
    const member = await aTenant();
    await versions(member, 3);
    await put(member, [
      { version: 1, weight: 100 },
      { version: 2, weight: 0 },
    ]);
    const remove = (version: number) => member.call(`/v1/workflows/canary/versions/${version}`, { method: "DELETE" });
    for (const version of [1, 2, 3]) expectProblem(await remove(version), 409, "conflict");
    expectProblem(await remove(9), 404, "not-found");
    await put(member, all(2));
    expect((await remove(1)).status).toBe(204);
    expectProblem(await remove(1), 404, "not-found");
    expectProblem(await put(member, all(1)), 422, "validation-failed");
  });

  it("goes with its workflow", async () => {
    const member = await aTenant();
    await versions(member, 1);
    await put(member, all(1));
    await member.call("/v1/workflows/canary", { method: "DELETE" });
    await versions(member, 1);
    expectProblem(await member.call("/v1/workflows/canary/aliases/live"), 404, "not-found");
  });

  it.each([
    ["weights that sum to less", [{ version: 1, weight: 99 }], "live"],
    ["a version that does not exist", [{ version: 7, weight: 100 }], "live"],
    ["a name that is a number", [{ version: 1, weight: 100 }], "12"],
  ])("refuses %s", async (_, routes, alias) => {
    const member = await aTenant();
    await versions(member, 1);
    expectProblem(await put(member, routes, alias), 422, "validation-failed");
  });

  it("that does not exist starts nothing, nor does one of another workflow", async () => {
    const member = await aTenant();
    await versions(member, 1);
    await versions(member, 1, "other");
    await put(member, all(1));
    for (const workflow of ["other", "none"]) {
      const answer = await member.call(`/v1/workflows/${workflow}/runs`, { method: "POST", body: { alias: "live" } });
      expectProblem(answer, 404, "not-found");
    }
  });
});

for (const method of ["GET", "PUT", "DELETE"]) {
  refusesTheWrongActor({
    name: `${method} /v1/workflows/{name}/aliases/{alias}`,
    permission: method === "GET" ? "workflows:read" : "workflows:write",
    namesResource: true,
    absent: { path: "/v1/workflows/absent/aliases/live" },
    async arrange(owner) {
      await versions(owner, 1);
      await put(owner, all(1));
      return {
        path: "/v1/workflows/canary/aliases/live",
        method,
        ...(method === "PUT" && { body: { routes: all(1) } }),
      };
    },
  });
}
