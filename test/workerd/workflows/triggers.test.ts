import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import type { Trigger } from "../../../domain/workflows/event-trigger.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { fireTrigger } from "../../../services/workflows/fire-trigger.ts";
import { publishPlatformEvent } from "../../../services/workflows/publish-event.ts";
import { publishedEvents } from "../../../services/workflows/table.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const path = "/v1/triggers";
const publishing = (type: string, data: Json = null): Json => ({
  StartAt: "Tell",
  States: { Tell: { Type: "Task", Resource: "weft:event:publish", Parameters: { type, data }, End: true } },
});

async function aTrigger(member: TestMember, more: object = {}, definition: Json = chain(1)): Promise<Trigger> {
  await member.call("/v1/workflows/answer", { method: "PUT", body: { definition } });
  const { status, body } = await member.call(path, {
    body: { eventType: "draft.approved", workflow: "answer", ...more },
  });
  if (status !== 201) throw new Error(`The trigger was refused: ${JSON.stringify(body)}`);
  return body;
}

const read = async (member: TestMember, id: string): Promise<Trigger> => (await member.call(`${path}/${id}`)).body;
const runsOf = async (member: TestMember) => (await member.call("/v1/runs?workflow=answer")).body.data;
const answered = (member: TestMember, id: string) =>
  eventually(
    () => read(member, id),
    ({ lastEventId }) => lastEventId !== null,
  );

describe("a trigger", () => {
  it("is made, read, listed, changed and forgotten", async () => {
    const member = await aTenant();
    const trigger = await aTrigger(member, { filter: { n: [1] } });
    expect(trigger).toMatchObject({
      name: trigger.id,
      filter: { n: [1] },
      enabled: true,
      version: null,
      alias: null,
      lastRunId: null,
    });
    expect(await read(member, trigger.id)).toEqual(trigger);
    const changed = await member.call(`${path}/${trigger.id}`, {
      method: "PATCH",
      body: { name: "mine", enabled: false, filter: null },
    });
    expect(changed.body).toMatchObject({ name: "mine", enabled: false, filter: null, eventType: "draft.approved" });
    expect((await member.call(path)).body.data).toEqual([changed.body]);
    expectProblem(
      await member.call(path, { body: { name: "mine", eventType: "a", workflow: "answer" } }),
      409,
      "conflict",
    );
    expect((await member.call(`${path}/${trigger.id}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call(`${path}/${trigger.id}`), 404, "not-found");
  });

  it.each([
    ["/workflow", { workflow: "nowhere" }],
    ["/workflow", { version: 9 }],
    ["/alias", { version: 1, alias: "live" }],
    ["/eventType", { eventType: "not good" }],
    ["/filter", { filter: { a: ["x".repeat(5_000)] } }],
    ["/filter/a", { filter: { a: "x" } }],
  ])("is refused for %s", async (pointer, more) => {
    const member = await aTenant();
    await aTrigger(member);
    const answer = await member.call(path, { body: { eventType: "a", workflow: "answer", ...more } });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it("starts a run with the event of another run", async () => {
    const member = await aTenant();
    const trigger = await aTrigger(member, { filter: { n: [{ numeric: [">", 1] }] } });
    await aRun(member, publishing("draft.rejected", { n: 2 }), { wait: 5 });
    await aRun(member, publishing("draft.approved", { n: 1 }), { wait: 5 });
    const telling = await aRun(member, publishing("draft.approved", { n: 2 }), { wait: 5 });
    const { lastRunId, lastEventId, lastError } = await answered(member, trigger.id);
    const { body: run } = await member.call(`/v1/runs/${lastRunId}`);
    expect(run.input).toEqual({
      ...(telling.output as object),
      type: "draft.approved",
      data: { n: 2 },
      runId: telling.id,
    });
    expect(run).toMatchObject({ workflow: "answer", name: `${trigger.id}-${lastEventId}` });
    expect(lastError).toBeNull();
    expect(
      await eventually(
        () => runsOf(member),
        ({ length }) => length > 0,
      ),
    ).toHaveLength(1);
  });

  it("starts one run for an event that is published and delivered again", async () => {
    const member = await aTenant();
    const trigger = await aTrigger(member);
    const { ctx } = member;
    const event = { eventId: ctx.ids.next("evt"), type: "draft.approved", data: { n: 1 } };
    await publishPlatformEvent(ctx, event);
    await publishPlatformEvent(ctx, event);
    const { lastRunId } = await answered(member, trigger.id);
    await fireTrigger(ctx, { triggerId: trigger.id, eventId: event.eventId });
    expect((await read(member, trigger.id)).lastRunId).toBe(lastRunId);
    expect(await ctx.db.select().from(tasks).where(eq(tasks.tenantId, member.tenantId))).toHaveLength(1);
    expect(
      await eventually(
        () => runsOf(member),
        ({ length }) => length > 0,
      ),
    ).toHaveLength(1);
  });

  it("starts nothing while it is off, nor for what was told before", async () => {
    const member = await aTenant();
    const { ctx, tenantId } = member;
    const tell = () => publishPlatformEvent(ctx, { eventId: ctx.ids.next("evt"), type: "draft.approved", data: null });
    await tell();
    await aTrigger(member, { enabled: false });
    await tell();
    expect((await member.call("/v1/events")).body.data).toHaveLength(2);
    expect(await ctx.db.select().from(tasks).where(eq(tasks.tenantId, tenantId))).toEqual([]);
  });

  it("rests as a failed job, with the reason on the trigger, when its workflow is gone", async () => {
    const member = await aTenant();
    const { ctx } = member;
    const trigger = await aTrigger(member);
    await member.call("/v1/workflows/answer", { method: "DELETE" });
    await publishPlatformEvent(ctx, { eventId: ctx.ids.next("evt"), type: "draft.approved", data: null });
    expect((await answered(member, trigger.id)).lastError).toBe("No such workflow.");
    const dead = await eventually(
      async () => (await member.call("/v1/jobs/dead-letters")).body.data,
      ({ length }) => length > 0,
    );
    expect(dead).toMatchObject([{ type: "trigger.fire", cause: "not-found: No such workflow." }]);
  });

  it("ends a workflow that triggers itself", async () => {
    const member = await aTenant();
    const { ctx, tenantId } = member;
    const trigger = await aTrigger(member);
    const row = { tenantId, type: "draft.approved", data: null, runId: "", publishedAt: 0 };
    const ids = [31, 32].map((depth) => ({ ...row, depth, id: ctx.ids.next("evt") }));
    await ctx.db.insert(publishedEvents).values(ids);
    const fire = (at: number) => fireTrigger(ctx, { triggerId: trigger.id, eventId: ids[at]?.id ?? "" });
    await fire(0);
    expect((await read(member, trigger.id)).lastRunId).not.toBeNull();
    await expect(fire(1)).rejects.toThrow("More than 32 runs led to this event, one by one.");
  });

  it("counts the runs that led to an event", async () => {
    const member = await aTenant();
    await aTrigger(member, {}, publishing("draft.sent"));
    await aRun(member, publishing("draft.approved"), { wait: 5 });
    const depths = await eventually(
      () =>
        member.ctx.db
          .select({ type: publishedEvents.type, depth: publishedEvents.depth })
          .from(publishedEvents)
          .where(eq(publishedEvents.tenantId, member.tenantId))
          .orderBy(publishedEvents.depth),
      ({ length }) => length === 2,
    );
    expect(depths).toEqual([
      { type: "draft.approved", depth: 0 },
      { type: "draft.sent", depth: 1 },
    ]);
  });
});

refusesTheWrongActor({
  name: "POST /v1/triggers",
  permission: "runs:write",
  namesResource: false,
  arrange: async () => ({ path, body: { eventType: "a", workflow: "answer" } }),
});
refusesTheWrongActor({
  name: "PATCH /v1/triggers/{id}",
  permission: "runs:write",
  arrange: async (owner) => ({
    path: `${path}/${(await aTrigger(owner)).id}`,
    method: "PATCH",
    body: { enabled: false },
  }),
  namesResource: true,
  absent: { path: `${path}/trg_${"0".repeat(26)}` },
});
