import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../domain/workflows/run-view.ts";
import type { RunProjection } from "../../../services/workflows/ports.ts";
import { projectRuns } from "../../../services/workflows/project-runs.ts";
import worker from "../../../workers/main.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { objectOf, runOf, task } from "./an-object.ts";

async function listed(member: TestMember, run: Run): Promise<Run> {
  const [row] = await eventually(
    async () => (await member.call("/v1/runs")).body.data as Run[],
    (rows) => rows.some(({ id, seq }) => id === run.id && seq >= run.seq),
  );
  if (row === undefined) throw new Error("not listed");
  return row;
}

/** What the run says, made to look as if it had gone on. */
async function aheadOf(member: TestMember, run: Run): Promise<RunProjection> {
  const projection = await member.ctx.ports.runActors.of(member.tenantId, run.id).projection();
  if (projection === null) throw new Error("no such run");
  const seq = projection.seq + 1;
  return { ...projection, seq, run: { ...projection.run, seq, error: "Told", cause: 'quote " and \u2028 and 😀' } };
}

async function delivered(member: TestMember, run: Run, told: RunProjection, ageMs: number, attempts: number) {
  const body = { kind: "run-advanced", runId: run.id, tenantId: member.tenantId, seq: told.seq, told };
  const timestamp = new Date(Date.now() - ageMs);
  const batch = createMessageBatch("weft-jobs", [{ id: crypto.randomUUID(), timestamp, attempts, body }]);
  await worker.queue(batch, env, createExecutionContext());
}

describe("news of a run", () => {
  it("leave a run that waits for a person with no alarm, once they are heard: its object may sleep", async () => {
    const member = await aTenant();
    const run = await aRun(member, task("weft:review:request", { Parameters: { title: "?" } }));
    await listed(member, run);
    const object = objectOf(member, run.id);
    const alarm = () => runInDurableObject(object, (_object, state) => state.storage.getAlarm());
    expect(await alarm()).not.toBeNull();
    await runInDurableObject(object, (_object, { storage }) => void storage.sql.exec("update wakes set at = 0"));
    await runDurableObjectAlarm(object);
    expect(await alarm()).toBeNull();
    expect(await runOf(member, run.id)).toMatchObject({ status: "running" });
  });

  it("carry what the read models are to know, exactly", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 10 });
    await listed(member, run);
    const told = await aheadOf(member, run);
    await delivered(member, run, told, 0, 1);
    expect(await listed(member, run)).toEqual(told.run);
  });

  it.each([
    { what: "waited for ten seconds", ageMs: 10_001, attempts: 1 },
    { what: "are repeated", ageMs: 0, attempts: 2 },
  ])("are not believed once they $what: the run is asked", async ({ ageMs, attempts }) => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 10 });
    await delivered(member, run, await aheadOf(member, run), ageMs, attempts);
    expect(await listed(member, run)).toEqual(await runOf(member, run.id));
  });

  it("change nothing once they were overtaken, and of several the latest counts", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 10 });
    await listed(member, run);
    const ahead = await aheadOf(member, run);
    const old = { ...ahead, seq: 1, run: { ...ahead.run, seq: 1, error: "Overtaken" } };
    const news = [ahead, old].map((told) => ({ runId: run.id, tenantId: member.tenantId, told }));
    await projectRuns(member.ctx, news);
    expect(await listed(member, run)).toMatchObject({ error: "Told" });
    await projectRuns(member.ctx, news.slice(1));
    expect(await listed(member, run)).toMatchObject({ error: "Told" });
  });

  it("that come by the hundred, of any size, are one call", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 10, input: { text: "é".repeat(100_000) } });
    await listed(member, run);
    const ahead = await aheadOf(member, run);
    const ids = Array.from({ length: 120 }, () => member.ctx.ids.next("run"));
    const news = ids.map((runId) => ({
      runId,
      tenantId: member.tenantId,
      told: { ...ahead, slot: null, run: { ...ahead.run, id: runId } },
    }));
    await projectRuns(member.ctx, news);
    const rows = await env.DB.prepare("select count(*) as n from runs where tenant_id = ? and archive_at > stopped_at")
      .bind(member.tenantId)
      .first<{ n: number }>();
    expect(rows?.n).toBe(121);
  });
});

describe("a run of an earlier version", () => {
  it("goes on, and keeps in mind how far its read models are", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 10 });
    await listed(member, run);
    await runInDurableObject(objectOf(member, run.id), (_object, { storage: { sql } }) => {
      sql.exec(
        "create table projected (id integer primary key check (id = 1), seq integer not null, act integer not null)",
      );
      sql.exec("insert into projected (id, seq, act) values (1, 3, 1)");
      sql.exec("alter table origin drop column seq; alter table origin drop column act");
      sql.exec(
        "create table snapshot (id integer primary key check (id = 1), seq integer not null, state text not null)",
      );
    });
    await evictDurableObject(objectOf(member, run.id));
    expect(await runOf(member, run.id)).toEqual(run);
    const kept = await runInDurableObject(objectOf(member, run.id), (_object, { storage: { sql } }) => {
      return sql.exec("select act from origin where seq >= 3").toArray();
    });
    expect(kept).toEqual([{ act: 1 }]);
  });

  it("is replayed from its journal where its snapshot is of another format", async () => {
    const member = await aTenant();
    const steps = 260;
    const passes = Array.from({ length: steps }, (_, i) => [`P${i}`, { Type: "Pass", Next: `P${i + 1}` }]);
    const review = { Type: "Task", Resource: "weft:review:request", End: true };
    const definition = { StartAt: "P0", States: { ...Object.fromEntries(passes), [`P${steps}`]: review } };
    const { id } = await aRun(member, definition);
    const waiting = await eventually(
      () => runOf(member, id),
      ({ waitingFor }) => waitingFor.length > 0,
    );
    await runInDurableObject(objectOf(member, id), (_object, { storage: { sql } }) => {
      const { state } = sql.exec<{ state: string }>("select state from snapshot").one();
      // As it was: neither did a state say its format, nor did the run and its scopes what they hold.
      const former = JSON.stringify(JSON.parse(state), (name, value) =>
        name === "format" || name === "held" ? undefined : value,
      );
      expect(former.length).toBeLessThan(state.length);
      sql.exec("update snapshot set state = ?", former);
    });
    await evictDurableObject(objectOf(member, id));
    expect(await runOf(member, id)).toEqual(waiting);
    const [{ reviewId } = {}] = waiting.waitingFor;
    await member.call(`/v1/reviews/${reviewId}/decision`, { body: { decision: "approve" } });
    expect(await runOf(member, id, 10)).toMatchObject({ status: "succeeded", output: { decision: "approve" } });
  });
});
