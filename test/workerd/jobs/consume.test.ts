import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { inArray } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { QueueMessage } from "../../../domain/jobs/message.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { consume } from "../../../workers/queues/consume.ts";
import { aTenant } from "../../support/a-tenant.ts";

interface House {
  ctx: ServiceContext;
  /** What the consumer told the queue. */
  sent: QueueMessage[];
}

/** A tenant whose queue rings for nobody. */
async function aHouse(): Promise<House> {
  const { ctx } = await aTenant();
  const sent: QueueMessage[] = [];
  const queue: ServiceContext["ports"]["queue"] = {
    send: async (messages) => {
      sent.push(...messages);
    },
  };
  return { sent, ctx: { ...ctx, ports: { ...ctx.ports, queue } } };
}

/** `ctx` whose runs answer so when they are asked what they have to tell. */
function withRuns(ctx: ServiceContext, projection: () => Promise<null>): ServiceContext {
  const { runActors } = ctx.ports;
  const of: typeof runActors.of = (...at) => Object.assign(Object.create(runActors.of(...at)), { projection });
  return { ...ctx, ports: { ...ctx.ports, runActors: { ...runActors, of } } };
}

async function aTask(ctx: ServiceContext): Promise<string> {
  const id = ctx.ids.next("job");
  const now = ctx.clock.now();
  const work = { type: "knowledge-base.remove" as const, payload: { knowledgeBaseId: "kb_none" } };
  await ctx.db
    .insert(tasks)
    .values({ id, tenantId: ctx.tenant.id, ...work, status: "queued", availableAt: now, createdAt: now });
  return id;
}

async function statusesOf(ctx: ServiceContext, ids: string[]): Promise<string[]> {
  const rows = await ctx.db.select().from(tasks).where(inArray(tasks.id, ids));
  return ids.map((id) => rows.find((row) => row.id === id)?.status ?? "absent");
}

interface Delivered {
  queue?: string;
  attempts?: number;
}

async function delivered(ctx: ServiceContext, bodies: Record<string, unknown>, { queue, attempts }: Delivered = {}) {
  const messages = Object.entries(bodies).map(([id, body]) => ({
    id,
    body,
    timestamp: new Date(),
    attempts: attempts ?? 1,
  }));
  const batch = createMessageBatch(queue ?? "weft-jobs", messages);
  await consume(ctx, batch);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  return { acknowledged: explicitAcks.toSorted(), retried: retryMessages.map(({ msgId }) => msgId).toSorted() };
}

describe("a batch of the queue", () => {
  it("is acknowledged message by message: what fails is retried alone", async () => {
    const { ctx } = await aHouse();
    const tenantId = ctx.tenant.id;
    const task = await aTask(ctx);
    const batch = {
      alone: { kind: "stored-task", id: task, tenantId },
      audit: { kind: "audit-due", tenantId },
      unreadable: { kind: "nothing that is known", id: crypto.randomUUID() },
    };
    const failing = { ...ctx.ports.auditLogs, of: () => fails() };
    const result = await delivered({ ...ctx, ports: { ...ctx.ports, auditLogs: failing } }, batch);
    expect(result).toEqual({ acknowledged: ["alone", "unreadable"], retried: ["audit"] });
    expect(await statusesOf(ctx, [task])).toEqual(["succeeded"]);
  });

  it("projects the runs that moved together, and retries them together", async () => {
    const { ctx } = await aHouse();
    const moved = (runId: string) => ({ kind: "run-advanced", runId, tenantId: ctx.tenant.id, seq: 1 });
    const batch = {
      one: moved("run_1"),
      other: moved("run_2"),
      task: { kind: "stored-task", id: "job_none", tenantId: "ten_none" },
    };
    const silent = withRuns(ctx, async () => fails());
    expect(await delivered(silent, batch)).toEqual({ acknowledged: ["task"], retried: ["one", "other"] });
    const gone = withRuns(ctx, async () => null);
    expect(await delivered(gone, batch)).toEqual({ acknowledged: ["one", "other", "task"], retried: [] });
  });

  it.each([
    ["was delivered before", { attempts: 2 }],
    ["came to the dead letters", { queue: "weft-dead-letters" }],
  ])("takes tasks apart whose message %s, and believes nothing that came with it", async (_, how) => {
    const { ctx, sent } = await aHouse();
    const tenantId = ctx.tenant.id;
    const ids = [await aTask(ctx), await aTask(ctx)];
    const together = { kind: "stored-tasks", ids, tenantId, files: { key: "text" } };
    expect(await delivered(ctx, { together }, how)).toEqual({ acknowledged: ["together"], retried: [] });
    expect(sent).toEqual(ids.map((id) => ({ kind: "stored-task", id, tenantId })));
    expect(await statusesOf(ctx, ids)).toEqual(["queued", "queued"]);
  });

  it("asks a run itself whose news are dead", async () => {
    const { ctx } = await aHouse();
    let asked = 0;
    const counted = withRuns(ctx, async () => {
      asked += 1;
      return null;
    });
    const news = { kind: "run-advanced", runId: "run_1", tenantId: ctx.tenant.id, seq: 1, told: { status: "forged" } };
    expect((await delivered(counted, { news }, { queue: "weft-dead-letters" })).acknowledged).toEqual(["news"]);
    expect(asked).toBe(1);
  });
});

function fails(): never {
  throw new Error("away");
}
