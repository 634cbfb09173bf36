import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { takePermit } from "../../../services/workflows/run-slots.ts";
import { chain, eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aWorkflow, childrenOf, objectOf, runOf, task } from "./an-object.ts";

const REVIEW = task("weft:review:request", { Parameters: { title: "?" } });

/** A tenant that may have `limit` runs at once, and workflows that wait for a person. */
async function aLimitedTenant(limit: number): Promise<TestMember> {
  const member = await aTenant();
  await member.call("/v1/tenant", { method: "PATCH", body: { settings: { maxConcurrentRuns: limit } } });
  await aWorkflow(member, "asks", REVIEW);
  await aWorkflow(member, "also-asks", REVIEW);
  return member;
}

async function start(member: TestMember, workflow = "asks"): Promise<Run> {
  const { body } = await member.call(`/v1/workflows/${workflow}/runs`, { method: "POST", body: {} });
  return body as Run;
}

const post = (member: TestMember, run: Run, verb: string) =>
  member.call(`/v1/runs/${run.id}/${verb}`, { method: "POST", body: {} });

const kindOf = (run: Run) => run.waitingFor[0]?.kind;

const going = (member: TestMember, run: Run) =>
  eventually(
    () => runOf(member, run.id),
    (seen) => kindOf(seen) === "review",
  );

function slotsOf(member: TestMember) {
  return env.RUN_SLOTS.get(env.RUN_SLOTS.idFromName(member.tenantId));
}

describe("a run over the tenant's limit", () => {
  it("waits visibly, and enters its first state once a slot is free", async () => {
    const member = await aLimitedTenant(1);
    const first = await start(member);
    expect(kindOf(first)).toBe("review");
    const second = await start(member);
    expect(second).toMatchObject({
      status: "running",
      progress: { entered: 0, current: ["T"] },
      waitingFor: [{ kind: "slot", state: "T", since: second.startedAt }],
    });
    await post(member, first, "stop");
    await going(member, second);
  });

  it("keeps its place through the loss of all memory", async () => {
    const member = await aLimitedTenant(1);
    const first = await start(member);
    const second = await start(member);
    await evictDurableObject(objectOf(member, second.id));
    await evictDurableObject(slotsOf(member));
    expect(kindOf(await runOf(member, second.id))).toBe("slot");
    await post(member, first, "stop");
    await going(member, second);
  });

  it("can be stopped, and paused and resumed, without ever having a slot", async () => {
    const member = await aLimitedTenant(1);
    const first = await start(member);
    const [second, third] = [await start(member), await start(member)];
    expect(await post(member, second, "stop")).toMatchObject({
      status: 202,
      body: { status: "aborted", waitingFor: [] },
    });
    expect(await post(member, third, "pause")).toMatchObject({ status: 202, body: { status: "paused" } });
    expect(await post(member, third, "resume")).toMatchObject({ body: { status: "running" } });
    expect(kindOf(await runOf(member, third.id))).toBe("slot");
    await post(member, first, "stop");
    await going(member, third);
    expect((await runOf(member, second.id)).status).toBe("aborted");
  });

  it("of a workflow with fewer runs goes before the many of another", async () => {
    const member = await aLimitedTenant(2);
    const [first] = [await start(member), await start(member)];
    const [flood, other] = [await start(member), await start(member, "also-asks")];
    await post(member, first, "stop");
    await going(member, other);
    expect(kindOf(await runOf(member, flood.id))).toBe("slot");
  });

  it("is not counted twice when its news are told again", async () => {
    const member = await aLimitedTenant(2);
    const run = await start(member);
    const slots = member.ctx.ports.runSlots.of(member.tenantId);
    const report = { runId: run.id, workflow: "asks", leaseId: null, isWaiting: false, isEnded: false };
    await slots.report([report, report]);
    await slots.report([report]);
    expect(kindOf(await start(member))).toBe("review");
    expect(kindOf(await start(member))).toBe("slot");
  });

  it("is freed of a slot that a vanished run holds", async () => {
    const member = await aLimitedTenant(1);
    const slots = member.ctx.ports.runSlots.of(member.tenantId);
    expect(await slots.ask({ runId: "run_00000000000000000000000000", workflow: "asks" })).toBe(true);
    const run = await start(member);
    expect(kindOf(run)).toBe("slot");
    await runInDurableObject(slotsOf(member), async (object, state) => {
      state.storage.sql.exec("update slots set seen_at = 0");
      await object.alarm();
    });
    await going(member, run);
  });
});

describe("a slot", () => {
  it("is not needed by a child that its parent waits for: a limit of one does not lock a family out", async () => {
    const member = await aLimitedTenant(1);
    await aWorkflow(member, "leaf", chain(1));
    await aWorkflow(member, "parent", task("weft:run:start.sync", { Parameters: { workflow: "leaf" } }));
    const { body } = await member.call("/v1/workflows/parent/runs?wait=10", { method: "POST", body: {} });
    expect(body).toMatchObject({ status: "succeeded" });
    expect(await childrenOf(member, body.id)).toHaveLength(1);
  });

  it("is promised ahead where the tenant is far below its limit: hundreds of starts ask but a few times", async () => {
    const member = await aTenant();
    await aWorkflow(member, "leaf", chain(1));
    for (let i = 0; i < 40; i++) {
      expect((await member.call("/v1/workflows/leaf/runs?wait=5", { method: "POST", body: {} })).status).toBe(201);
    }
    const leases = await runInDurableObject(slotsOf(member), (_object, state) =>
      state.storage.sql.exec("select * from leases").toArray(),
    );
    expect(leases).toHaveLength(1);
    await eventually(
      () =>
        runInDurableObject(slotsOf(member), (_object, state) =>
          Number(state.storage.sql.exec("select permits from leases").toArray()[0]?.permits),
        ),
      (permits) => permits === 64 - 40,
    );
  });

  it("is promised once to starts that come together", async () => {
    const member = await aTenant();
    await aWorkflow(member, "leaf", chain(1));
    const starts = Array.from({ length: 20 }, () => takePermit(member.ctx, member.tenantId));
    const [first, ...others] = await Promise.all(starts);
    expect(first).toEqual(expect.any(String));
    expect(new Set(others)).toEqual(new Set([first]));
  });

  it("is asked for again where the question failed, by whoever waited for its answer", async () => {
    const member = await aTenant();
    const { ports } = member.ctx;
    const runSlots = {
      of: () => ({ ...ports.runSlots.of(member.tenantId), lease: () => Promise.reject(new Error("down")) }),
    };
    const failing = takePermit({ ...member.ctx, ports: { ...ports, runSlots } }, member.tenantId);
    const waiting = takePermit(member.ctx, member.tenantId);
    expect(await failing.catch(String)).toBe("Error: down");
    expect(await waiting).toEqual(expect.any(String));
  });
});
