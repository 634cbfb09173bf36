import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { chain, eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aWorkflow, childrenOf, eventsOf, objectOf, runOf, task } from "./an-object.ts";

const WAITS = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 4, End: true } } };

async function anExpressRun(member: TestMember, definition: Json, wait: number, body: Json = {}): Promise<Run> {
  await aWorkflow(member, "quick", definition, "EXPRESS");
  return (await member.call(`/v1/workflows/quick/runs?wait=${wait}`, { method: "POST", body })).body as Run;
}

function tablesOf(member: TestMember, runId: string): Promise<string[]> {
  return runInDurableObject(objectOf(member, runId), (_object, state) =>
    state.storage.sql
      .exec<{ name: string }>("select name from sqlite_master where name in ('origin', 'journal')")
      .toArray()
      .map(({ name }) => name),
  );
}

describe("an EXPRESS run", () => {
  it("answers in the request that starts it, and its record is kept", async () => {
    const member = await aTenant();
    const run = await anExpressRun(member, chain(3), 10, { input: { n: 1 } });
    expect(run).toMatchObject({ status: "succeeded", output: { n: 1 } });
    await eventually(
      () => tablesOf(member, run.id),
      (tables) => tables.length === 2,
    );
    await evictDurableObject(objectOf(member, run.id));
    expect(await runOf(member, run.id)).toEqual(run);
    expect(await eventsOf(member, run.id)).toHaveLength(run.seq);
    await eventually(
      async () => (await member.call("/v1/runs?workflow=quick&status=succeeded")).body.data as Run[],
      (runs) => runs.length === 1,
    );
  });

  it("is in memory alone while it is short", async () => {
    const member = await aTenant();
    const run = await anExpressRun(member, WAITS, 0);
    expect(run.status).toBe("running");
    expect(await tablesOf(member, run.id)).toEqual([]);
    expect(await eventsOf(member, run.id)).toHaveLength(run.seq);
  });

  it("that lasts is written down, and goes on though its object lost its memory", async () => {
    const member = await aTenant();
    const run = await anExpressRun(member, WAITS, 0);
    await eventually(
      () => tablesOf(member, run.id),
      (tables) => tables.length === 2,
    );
    await evictDurableObject(objectOf(member, run.id));
    expect(await runOf(member, run.id, 10)).toMatchObject({ status: "succeeded" });
  }, 15_000);

  it("has five minutes at most", async () => {
    const member = await aTenant();
    const endless = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 600, End: true } } };
    const run = await anExpressRun(member, endless, 0);
    const deadline = await eventually(
      () => runInDurableObject(objectOf(member, run.id), (_object, state) => state.storage.getAlarm()),
      (alarm) => alarm !== null,
    );
    expect(Number(deadline) - Date.parse(run.startedAt)).toBeLessThanOrEqual(300_000);
  });

  it("with a name is the same run while the name is known", async () => {
    const member = await aTenant();
    const first = await anExpressRun(member, chain(1), 5, { name: "one", input: 1 });
    const again = await anExpressRun(member, chain(1), 5, { name: "one", input: 1 });
    expect(again.id).toBe(first.id);
    const other = await member.call("/v1/workflows/quick/runs", { method: "POST", body: { name: "one", input: 2 } });
    expect(other.status).toBe(409);
  });

  it("is not redriven, and refuses tasks that wait for others", async () => {
    const member = await aTenant();
    const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken" } } };
    const run = await anExpressRun(member, failing, 5);
    expect(run).toMatchObject({ status: "failed", error: "Broken" });
    const redriven = await member.call(`/v1/runs/${run.id}/redrive`, { method: "POST", body: {} });
    expect(redriven).toMatchObject({ status: 409, body: { reason: "not-redrivable" } });
    const definition = task("weft:run:start.sync", { Parameters: { workflow: "quick" } });
    const put = await member.call("/v1/workflows/bad", { method: "PUT", body: { definition, type: "EXPRESS" } });
    expect(put).toMatchObject({ status: 422, body: { code: "invalid-definition" } });
  });

  it("can be what a STANDARD run waits for", async () => {
    const member = await aTenant();
    await aWorkflow(member, "quick", { ...WAITS, States: { W: { Type: "Wait", Seconds: 1, End: true } } }, "EXPRESS");
    await aWorkflow(member, "parent", task("weft:run:start.sync", { Parameters: { workflow: "quick" } }));
    const { body } = await member.call("/v1/workflows/parent/runs", { method: "POST", body: {} });
    const [child] = await childrenOf(member, body.id);
    await evictDurableObject(objectOf(member, child?.id ?? ""));
    expect(await runOf(member, body.id, 10)).toMatchObject({ status: "succeeded" });
  });
});

describe("answers that come together", () => {
  it("are decided and written together", async () => {
    const member = await aTenant();
    await aWorkflow(member, "leaf", chain(1));
    const ItemProcessor = task("weft:run:start", { Parameters: { workflow: "leaf" }, ResultPath: null }) as never;
    const definition = { StartAt: "M", States: { M: { Type: "Map", ItemProcessor, End: true } } };
    await aWorkflow(member, "fan", definition);
    const input = Array.from({ length: 40 }, (_, n) => n);
    const { body } = await member.call("/v1/workflows/fan/runs?wait=20", { method: "POST", body: { input } });
    expect(body).toMatchObject({ status: "succeeded", output: input });
    const commits = await runInDurableObject(objectOf(member, body.id), (_object, state) =>
      Number(state.storage.sql.exec("select count(*) as n from journal").one().n),
    );
    expect(commits).toBeLessThan(40);
  });
});
