import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../../domain/kernel/time.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import type { Schedule } from "../../../domain/workflows/schedule.ts";
import { tickSchedule } from "../../../services/workflows/tick-schedule.ts";
import { wakeOverdueSchedules } from "../../../services/workflows/wake-overdue-schedules.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { chain, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { callAsOperator } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const WAITING: Json = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3_600, End: true } } };
const made: { member: TestMember; id: string }[] = [];

afterEach(async () => {
  for (const { member, id } of made.splice(0)) await member.call(`/v1/schedules/${id}`, { method: "DELETE" });
});

async function aSchedule(member: TestMember, more: object = {}, definition: Json = chain(1)): Promise<Schedule> {
  await member.call("/v1/workflows/digest", { method: "PUT", body: { definition } });
  const answer = await member.call("/v1/schedules", {
    method: "POST",
    body: { workflow: "digest", cron: "0 6 * * *", ...more },
  });
  if (answer.status !== 201) throw new Error(`The schedule was refused: ${JSON.stringify(answer.body)}`);
  made.push({ member, id: answer.body.id });
  return answer.body as Schedule;
}

const read = async (member: TestMember, id: string) => (await member.call(`/v1/schedules/${id}`)).body as Schedule;

async function runsOf(member: TestMember): Promise<Run[]> {
  return (await member.call("/v1/runs?workflow=digest&limit=100")).body.data;
}

/** What the schedule's actor does, at a time of the test's choosing. */
function lookAt(member: TestMember, id: string, now: number, buffered: number | null = null) {
  const ctx = { ...member.ctx, actor: { kind: "system", name: id } as const, clock: { now: () => now } };
  return tickSchedule(ctx, id, buffered);
}

function actorOf(member: TestMember, id: string) {
  return env.SCHEDULER.get(env.SCHEDULER.idFromName(`${member.tenantId}:${id}`));
}

describe("a schedule", () => {
  it("is made with the usual policies, read, listed, changed and deleted", async () => {
    const member = await aTenant();
    const schedule = await aSchedule(member, { timezone: "Europe/Berlin", input: { topic: "news" } });
    expect(schedule).toMatchObject({
      name: schedule.id,
      workflow: "digest",
      cron: "0 6 * * *",
      timezone: "Europe/Berlin",
      input: { topic: "news" },
      overlap: "allow",
      missed: "latest",
      enabled: true,
      lastAt: null,
    });
    expect(new Date(schedule.nextAt ?? 0).getTime()).toBeGreaterThan(Date.now());
    expect(await read(member, schedule.id)).toEqual(schedule);
    expect((await member.call("/v1/schedules")).body).toEqual({ data: [schedule], nextCursor: null });
    const patch = { cron: "0 7 * * *", timezone: "UTC", name: "morning" };
    const changed = await member.call(`/v1/schedules/${schedule.id}`, { method: "PATCH", body: patch });
    expect(changed).toMatchObject({ status: 200, body: { ...patch, input: { topic: "news" } } });
    expect(changed.body.nextAt).toMatch(/T07:00:00\.000Z$/);
    const paused = await member.call(`/v1/schedules/${schedule.id}`, { method: "PATCH", body: { enabled: false } });
    expect(paused.body).toMatchObject({ enabled: false, nextAt: null });
    expect((await member.call(`/v1/schedules/${schedule.id}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call(`/v1/schedules/${schedule.id}`), 404, "not-found");
  });

  it.each([
    ["no cron expression", { cron: "every day" }, "/cron"],
    ["a day that no year has", { cron: "0 0 30 2 *" }, "/cron"],
    ["a moment instead of a cron expression", { cron: "2030-01-01T00:00:00Z" }, "/cron"],
    ["a time zone that is none", { timezone: "Mars/Olympus" }, "/timezone"],
    ["a workflow that does not exist", { workflow: "absent" }, "/workflow"],
    ["a version that does not exist", { version: 9 }, "/workflow"],
    ["an alias that does not exist", { alias: "live" }, "/workflow"],
    ["version and alias at once", { version: 1, alias: "live" }, "/alias"],
    ["an input that no run takes", { input: "x".repeat(262_143) }, "/input"],
    ["an unknown policy", { overlap: "queue" }, "/overlap"],
    ["an unknown member", { every: "day" }, "/every"],
  ])("with %s is refused", async (_, more, pointer) => {
    const member = await aTenant();
    await aSchedule(member);
    const body = { workflow: "digest", cron: "0 6 * * *", ...more };
    const answer = await member.call("/v1/schedules", { method: "POST", body });
    expectProblem(answer, 422, "validation-failed");
    expect(JSON.stringify(answer.body.errors)).toContain(pointer.slice(1));
  });

  it("has a name of its own", async () => {
    const member = await aTenant();
    await aSchedule(member, { name: "morning" });
    const body = { workflow: "digest", cron: "0 6 * * *", name: "morning" };
    expectProblem(await member.call("/v1/schedules", { method: "POST", body }), 409, "conflict");
  });
});

for (const method of ["GET", "PATCH", "DELETE"]) {
  refusesTheWrongActor({
    name: `${method} /v1/schedules/{id}`,
    permission: method === "GET" ? "runs:read" : "runs:write",
    namesResource: true,
    absent: { path: "/v1/schedules/sch_00000000000000000000000000" },
    async arrange(owner) {
      const { id } = await aSchedule(owner);
      return { path: `/v1/schedules/${id}`, method, ...(method === "PATCH" && { body: { enabled: false } }) };
    },
  });
}

describe("a tick", () => {
  it("starts one run a second, by real alarms, and only one however often it is looked at", async () => {
    const member = await aTenant();
    const { id } = await aSchedule(member, { cron: "* * * * * *", input: { by: "clock" } });
    await Promise.all([1, 2, 3].map(() => member.ctx.ports.scheduleActors.of(member.tenantId, id).wake()));
    const found = await eventually(
      () => runsOf(member),
      (runs) => runs.length >= 2,
    );
    expect(found.every((run) => run.status === "succeeded" || run.status === "running")).toBe(true);
    expect(found[0]).toMatchObject({ input: { by: "clock" } });
    const names = found.map((run) => run.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(new RegExp(`^${id}-\\d{8}T\\d{6}Z$`));
    expect(await read(member, id)).toMatchObject({ lastError: null });
  });

  it("comes though the object lost its memory, or died with a look under way", async () => {
    const member = await aTenant();
    const { id } = await aSchedule(member, { cron: "* * * * * *" });
    await evictDurableObject(actorOf(member, id));
    await eventually(
      () => runsOf(member),
      (runs) => runs.length >= 1,
    );
    await abortAllDurableObjects();
    const seen = (await runsOf(member)).length;
    await eventually(
      () => runsOf(member),
      (runs) => runs.length > seen,
    );
  });

  it("repeated after a crash starts nothing twice", async () => {
    const member = await aTenant();
    const schedule = await aSchedule(member);
    const tick = Date.parse(schedule.nextAt ?? "");
    await lookAt(member, schedule.id, tick);
    const first = (await read(member, schedule.id)).lastRunId;
    await env.DB.prepare("update schedules set last_at = null, last_run_id = null where id = ?")
      .bind(schedule.id)
      .run();
    await lookAt(member, schedule.id, tick + SECOND_MS);
    expect((await read(member, schedule.id)).lastRunId).toBe(first);
    const runs = await eventually(
      () => runsOf(member),
      (found) => found.length > 0,
    );
    expect(runs).toHaveLength(1);
  });

  it("that nobody was there for is made up by the policy", async () => {
    const member = await aTenant();
    const names = async (missed: string) => {
      const schedule = await aSchedule(member, { missed });
      const tick = Date.parse(schedule.nextAt ?? "");
      await lookAt(member, schedule.id, tick + 2 * DAY_MS + 5 * MINUTE_MS);
      const runs = await eventually(
        () => runsOf(member),
        (found) => missed === "skip" || found.some((run) => run.name.startsWith(schedule.id)),
      );
      return runs.filter((run) => run.name.startsWith(schedule.id)).length;
    };
    expect(await names("skip")).toBe(0);
    expect(await names("latest")).toBe(1);
    await eventually(
      () => names("all"),
      (count) => count === 3,
    );
  });

  it("while the run of an earlier one goes on is dropped, or waits for its end", async () => {
    const member = await aTenant();
    const skipping = await aSchedule(member, { overlap: "skip" }, WAITING);
    const buffering = await aSchedule(member, { overlap: "buffer-one" }, WAITING);
    const tick = Date.parse(skipping.nextAt ?? "");
    for (const { id } of [skipping, buffering]) {
      await lookAt(member, id, tick);
      expect((await read(member, id)).lastAt).toBe(new Date(tick).toISOString());
    }
    const skipped = await lookAt(member, skipping.id, tick + DAY_MS);
    expect(skipped).toEqual({ at: tick + 2 * DAY_MS, buffered: null });
    const first = (await read(member, buffering.id)).lastRunId;
    const waits = await lookAt(member, buffering.id, tick + DAY_MS);
    expect(waits).toEqual({ at: tick + DAY_MS + 5 * SECOND_MS, buffered: tick + DAY_MS });
    expect((await read(member, buffering.id)).lastRunId).toBe(first);
    await member.call(`/v1/runs/${first}/stop`, { method: "POST", body: {} });
    const free = await lookAt(member, buffering.id, tick + DAY_MS + 5 * SECOND_MS, tick + DAY_MS);
    expect(free).toEqual({ at: tick + 2 * DAY_MS, buffered: null });
    const second = (await read(member, buffering.id)).lastRunId;
    expect(second).not.toBe(first);
    for (const id of [second, (await read(member, skipping.id)).lastRunId]) {
      await member.call(`/v1/runs/${id}/stop`, { method: "POST", body: {} });
    }
  });

  it("of a suspended tenant starts nothing, and is not made up later", async () => {
    const member = await aTenant();
    const schedule = await aSchedule(member);
    const tick = Date.parse(schedule.nextAt ?? "");
    const operate = (verb: string) =>
      callAsOperator(`/v1/operator/tenants/${member.tenantId}/${verb}`, {
        method: "POST",
        body: { reason: "Unpaid." },
      });
    expect((await operate("suspend")).status).toBeLessThan(300);
    await lookAt(member, schedule.id, tick);
    expect(await read(member, schedule.id)).toMatchObject({ lastRunId: null, lastError: "The tenant is suspended." });
    await operate("resume");
    await lookAt(member, schedule.id, tick + SECOND_MS);
    expect((await read(member, schedule.id)).lastRunId).toBeNull();
    await lookAt(member, schedule.id, tick + DAY_MS);
    expect(await read(member, schedule.id)).toMatchObject({
      lastRunId: expect.stringMatching(/^run_/),
      lastError: null,
    });
  });

  it("says why it started nothing, and the next one starts again", async () => {
    const member = await aTenant();
    const schedule = await aSchedule(member);
    const tick = Date.parse(schedule.nextAt ?? "");
    await member.call("/v1/workflows/digest", { method: "DELETE" });
    await lookAt(member, schedule.id, tick);
    expect(await read(member, schedule.id)).toMatchObject({ lastRunId: null, lastError: "No such workflow." });
    await member.call("/v1/workflows/digest", { method: "PUT", body: { definition: chain(2) } });
    await lookAt(member, schedule.id, tick + DAY_MS);
    expect((await read(member, schedule.id)).lastRunId).not.toBeNull();
  });

  it("does not come once the schedule is disabled or deleted, and the object forgets everything", async () => {
    const member = await aTenant();
    const { id } = await aSchedule(member, { cron: "* * * * * *" });
    await member.call(`/v1/schedules/${id}`, { method: "PATCH", body: { enabled: false } });
    const left = () =>
      runInDurableObject(actorOf(member, id), async (_object, state) => [
        await state.storage.getAlarm(),
        [...state.storage.kv.list()].length,
      ]);
    await eventually(left, ([alarm, kept]) => alarm === null && kept === 0);
  });

  it("whose alarm was lost is found by the sweep", async () => {
    const member = await aTenant();
    const { id } = await aSchedule(member, { cron: "* * * * *" });
    const since = Date.now() - 3 * MINUTE_MS;
    await env.DB.prepare("update schedules set next_at = ?, since = ? where id = ?").bind(since, since, id).run();
    await runInDurableObject(actorOf(member, id), (_object, state) => state.storage.deleteAll());
    await wakeOverdueSchedules(aPlatform());
    const schedule = await read(member, id);
    expect(schedule.lastRunId).not.toBeNull();
    expect(Date.parse(schedule.nextAt ?? "")).toBeGreaterThan(Date.now());
  });
});
