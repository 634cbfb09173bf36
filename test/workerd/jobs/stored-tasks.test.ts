import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { problem } from "../../../domain/kernel/problem.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { ringDueTasks, runStoredTask, runStoredTasks } from "../../../services/jobs/stored-tasks.ts";
import { tasks, unreadableMessages } from "../../../services/jobs/table.ts";
import worker from "../../../workers/main.ts";
import { aTenant } from "../../support/a-tenant.ts";

type Row = typeof tasks.$inferSelect;

async function aTask(ctx: ServiceContext, changes: Partial<Row> = {}): Promise<{ id: string; tenantId: string }> {
  const id = ctx.ids.next("job");
  const now = ctx.clock.now();
  const row = {
    id,
    tenantId: ctx.tenant.id,
    type: "knowledge-base.remove" as const,
    payload: { knowledgeBaseId: "kb_none" },
    status: "queued" as const,
    availableAt: now,
    createdAt: now,
    ...changes,
  };
  await ctx.db.insert(tasks).values(row);
  return { id, tenantId: ctx.tenant.id };
}

async function rowOf(ctx: ServiceContext, { id }: { id: string }): Promise<Row> {
  const [row] = await ctx.db.select().from(tasks).where(eq(tasks.id, id));
  if (row === undefined) throw new Error("no such task");
  return row;
}

describe("a stored task", () => {
  it("runs once, however often it is rung for", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    let runs = 0;
    const run = async () => {
      runs++;
    };
    expect(await runStoredTask(ctx, task, run)).toBe("done");
    expect(await runStoredTask(ctx, task, run)).toBe("not-due");
    expect(runs).toBe(1);
    expect(await rowOf(ctx, task)).toMatchObject({ status: "succeeded", attempts: 1 });
  });

  it("runs once at a time", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const outcomes = await Promise.all([1, 2, 3].map(() => runStoredTask(ctx, task, async () => {})));
    expect(outcomes.sort()).toEqual(["done", "not-due", "not-due"]);
  });

  it("is not run for another tenant's ring", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const stranger = await aTenant();
    expect(await runStoredTask(ctx, { ...task, tenantId: stranger.tenantId }, async () => {})).toBe("not-due");
  });

  it("is tried again later after a passing failure", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const fail = async () => {
      throw problem("unavailable");
    };
    expect(await runStoredTask(ctx, task, fail)).toBe("retry");
    const row = await rowOf(ctx, task);
    expect(row).toMatchObject({ status: "queued", attempts: 1 });
    expect(row.availableAt).toBeGreaterThan(ctx.clock.now());
  });

  it("rests as failed, with its cause, when a repeat cannot help", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const fail = async () => {
      throw problem("validation-failed", { detail: "no text in it" });
    };
    expect(await runStoredTask(ctx, task, fail)).toBe("failed");
    expect(await rowOf(ctx, task)).toMatchObject({ status: "failed", cause: "validation-failed: no text in it" });
  });

  it("rests as failed after its last attempt, and keeps a defect's text to itself", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx, { attempts: 7 });
    const fail = async () => {
      throw new Error("secret detail");
    };
    expect(await runStoredTask(ctx, task, fail)).toBe("failed");
    expect(await rowOf(ctx, task)).toMatchObject({ status: "failed", cause: "internal-error", attempts: 8 });
  });

  it("keeps its lease for as long as it runs, and no longer", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      let now = ctx.clock.now();
      const platform = { ...ctx, clock: { now: () => now } };
      const long = await runStoredTask(platform, task, async () => {
        for (let beats = 0; beats < 9; beats++) {
          now += 10_000;
          vi.advanceTimersByTime(10_000);
          await vi.waitUntil(async () => (await rowOf(ctx, task)).availableAt > now);
        }
        expect(await runStoredTask(platform, task, async () => {})).toBe("not-due");
      });
      expect(long).toBe("done");
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("whose consumer died is taken up when its lease has ended", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx, { status: "running", attempts: 1, availableAt: ctx.clock.now() - 1 });
    expect(await ringDueTasks(ctx)).toBeGreaterThan(0);
    expect(await runStoredTask(ctx, task, async () => {})).toBe("done");
  });
});

describe("tasks that are run together", () => {
  it("end each by itself", async () => {
    const { ctx } = await aTenant();
    const all = [await aTask(ctx), await aTask(ctx), await aTask(ctx, { status: "cancelled" })];
    const counts: number[] = [];
    await runStoredTasks(ctx, { ids: all.map(({ id }) => id), tenantId: ctx.tenant.id }, async (tasks) => {
      counts.push(tasks.length);
      return [
        { status: "fulfilled", value: undefined },
        { status: "rejected", reason: problem("unavailable") },
      ];
    });
    expect(counts).toEqual([2]);
    const statuses = await Promise.all(all.map(async (one) => (await rowOf(ctx, one)).status));
    expect(statuses.toSorted()).toEqual(["cancelled", "queued", "succeeded"]);
  });

  it("are all tried again when they fail as a whole", async () => {
    const { ctx } = await aTenant();
    const all = [await aTask(ctx), await aTask(ctx)];
    await runStoredTasks(ctx, { ids: all.map(({ id }) => id), tenantId: ctx.tenant.id }, async () => {
      throw problem("unavailable");
    });
    for (const one of all) expect(await rowOf(ctx, one)).toMatchObject({ status: "queued", attempts: 1 });
  });
});

describe("a job as its tenant sees it", () => {
  it("names what it is about and no folder, and tells a time to come only while it waits for one", async () => {
    const member = await aTenant();
    const revision = { documentId: "doc_1", version: 2 };
    const payload = { knowledgeBaseId: "kb_1", revisions: [{ ...revision, folder: "ten_x/kb_1/secret" }] };
    const later = member.ctx.clock.now() + 300_000;
    const type = "document.remove" as const;
    const ended = await aTask(member.ctx, { type, payload, status: "succeeded", availableAt: later });
    const folder = "ten_x/kb_1/secret";
    const ingest = { type: "document.ingest" as const, payload: { knowledgeBaseId: "kb_1", ...revision, folder } };
    const waiting = await aTask(member.ctx, { ...ingest, availableAt: later });
    expect((await member.call(`/v1/jobs/${ended.id}`)).body).toMatchObject({
      subject: { knowledgeBaseId: "kb_1", revisions: [revision] },
      availableAt: null,
    });
    const { body } = await member.call("/v1/jobs");
    expect(body.data[0]).toMatchObject({ id: waiting.id, subject: { knowledgeBaseId: "kb_1", ...revision } });
    expect(body.data[0].availableAt).toBe(new Date(later).toISOString());
    expect(JSON.stringify(body)).not.toContain("secret");
  });
});

describe("dead letters", () => {
  it("list failed jobs with their cause, and a retry runs them again", async () => {
    const member = await aTenant();
    const task = await aTask(member.ctx, { status: "failed", attempts: 8, cause: "unavailable: no answer" });
    const listed = await member.call("/v1/jobs/dead-letters");
    expect(listed.body.data).toMatchObject([{ id: task.id, status: "failed", cause: "unavailable: no answer" }]);
    const retried = await member.call(`/v1/jobs/${task.id}/retry`, { method: "POST" });
    expect(retried).toMatchObject({ status: 202, body: { status: expect.stringMatching(/queued|running|succeeded/) } });
    expect((await member.call(`/v1/jobs/${task.id}/retry`, { method: "POST" })).status).toBe(409);
  });

  it("of another tenant do not exist", async () => {
    const member = await aTenant();
    const stranger = await aTenant();
    const task = await aTask(member.ctx, { status: "failed" });
    expect((await stranger.call("/v1/jobs/dead-letters")).body.data).toEqual([]);
    expect((await stranger.call(`/v1/jobs/${task.id}`)).status).toBe(404);
    expect((await stranger.call(`/v1/jobs/${task.id}/retry`, { method: "POST" })).status).toBe(404);
  });
});

describe("the consumer", () => {
  it("keeps what it cannot read, and takes the rest of the batch", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const unreadable = crypto.randomUUID();
    const message = (id: string, body: unknown) => ({ id, body, timestamp: new Date(), attempts: 1 });
    const batch = createMessageBatch("weft-jobs", [
      message(unreadable, { hello: "world" }),
      message(crypto.randomUUID(), { kind: "stored-task", ...task }),
    ]);
    const execution = createExecutionContext();
    await worker.queue(batch, env, execution);
    const result = await getQueueResult(batch, execution);
    expect(result.explicitAcks).toHaveLength(2);
    expect((await rowOf(ctx, task)).status).toBe("succeeded");
    const kept = await ctx.db.select().from(unreadableMessages).where(eq(unreadableMessages.id, unreadable));
    expect(kept).toMatchObject([{ body: '{"hello":"world"}' }]);
  });

  it("runs tasks together at first, and apart when they come again", async () => {
    const { ctx } = await aTenant();
    const delivered = async (attempts: number) => {
      const all = [await aTask(ctx), await aTask(ctx)];
      const body = { kind: "stored-tasks", ids: all.map(({ id }) => id), tenantId: ctx.tenant.id };
      const message = { id: crypto.randomUUID(), body, timestamp: new Date(), attempts };
      const batch = createMessageBatch("weft-jobs", [message]);
      const execution = createExecutionContext();
      await worker.queue(batch, env, execution);
      expect((await getQueueResult(batch, execution)).explicitAcks).toHaveLength(1);
      return all;
    };
    for (const one of await delivered(1)) expect((await rowOf(ctx, one)).status).toBe("succeeded");
    // Rung for one by one: each is run by a message of its own.
    for (const one of await delivered(2)) {
      await vi.waitFor(async () => expect((await rowOf(ctx, one)).status).toBe("succeeded"), { timeout: 5_000 });
    }
  });

  it("marks a task failed whose ring ended among the dead letters", async () => {
    const { ctx } = await aTenant();
    const task = await aTask(ctx);
    const batch = createMessageBatch("weft-dead-letters", [
      { id: crypto.randomUUID(), body: { kind: "stored-task", ...task }, timestamp: new Date(), attempts: 1 },
    ]);
    const execution = createExecutionContext();
    await worker.queue(batch, env, execution);
    await getQueueResult(batch, execution);
    expect(await rowOf(ctx, task)).toMatchObject({ status: "failed" });
  });
});
