import { and, eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { Task } from "../../../domain/jobs/message.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { addDocument } from "../../../services/knowledge/add-document.ts";
import { createKnowledgeBase } from "../../../services/knowledge/create-knowledge-base.ts";
import { deleteDocument } from "../../../services/knowledge/delete-document.ts";
import { deleteKnowledgeBase } from "../../../services/knowledge/delete-knowledge-base.ts";
import { getKnowledgeBase } from "../../../services/knowledge/get-knowledge-base.ts";
import { ingestDocument } from "../../../services/knowledge/ingest-document.ts";
import { loadDocument } from "../../../services/knowledge/load-document.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import { updateKnowledgeBase } from "../../../services/knowledge/update-knowledge-base.ts";
import type { EmbeddingInput, ProviderAccess } from "../../../services/llm/ports.ts";
import { handleTask } from "../../../workers/queues/handlers.ts";
import { aTenant } from "../../support/a-tenant.ts";

const ACME: ProviderAccess = {
  name: "acme",
  kind: "openai-compatible",
  baseUrl: "https://acme.example/v1",
  apiKey: null,
  timeoutMs: 1_000,
  prices: {},
};

const LEAVE = "Everyone has 30 days of paid leave.";
const TRAINS = "Trains are booked in second class.";

/** A tenant whose queue rings for nobody, and a model that knows that a holiday is leave. */
async function aQuietTenant(): Promise<{ ctx: ServiceContext; model: { beforeAnswer: () => Promise<unknown> } }> {
  const { ctx } = await aTenant();
  const model = { beforeAnswer: async (): Promise<unknown> => undefined };
  const { chatModels } = ctx.ports;
  const vectorOf = (text: string) => {
    const place = /leave|holiday/i.test(text) ? 0 : 1;
    return Float32Array.from({ length: 16 }, (_, dimension) => (dimension === place ? 1 : 0.01));
  };
  const embed = async ({ model: name, input }: EmbeddingInput) => {
    await model.beforeAnswer();
    return { model: name, vectors: input.map((text) => vectorOf(String(text))), promptTokens: 1, isEstimated: false };
  };
  const open: typeof chatModels.open = (provider) => ({ ...chatModels.open(provider), embedding: { embed } });
  const models = { ...chatModels, defaults: [...chatModels.defaults, ACME], open };
  return { model, ctx: { ...ctx, ports: { ...ctx.ports, chatModels: models, queue: { send: async () => {} } } } };
}

async function indexed(ctx: ServiceContext, knowledgeBaseId: string, body: string, externalId = body) {
  const source = { title: "Note", contentType: "text/plain", source: { body }, externalId };
  const { id } = await addDocument(ctx, knowledgeBaseId, source);
  const { version, folder } = await loadDocument(ctx, { knowledgeBaseId, documentId: id });
  const ingestion = { knowledgeBaseId, documentId: id, version, folder };
  await ingestDocument(ctx, ingestion);
  return ingestion;
}

/** Does every task of these types that is asked for, and those that follow from it. */
async function work(ctx: ServiceContext, ...types: Task["type"][]): Promise<void> {
  for (;;) {
    const rows = await ctx.db
      .select()
      .from(tasks)
      .where(and(eq(tasks.tenantId, ctx.tenant.id), eq(tasks.status, "queued")));
    const due = rows.filter(({ type }) => types.includes(type));
    if (due.length === 0) return;
    for (const { id, type, payload } of due) {
      await ctx.db.update(tasks).set({ status: "succeeded" }).where(eq(tasks.id, id));
      await handleTask(ctx, Task.parse({ type, payload }));
    }
  }
}

const textsOf = async (ctx: ServiceContext, kb: KnowledgeBase, query: string) =>
  (await searchKnowledge(ctx, kb.id, { query, topK: 1, mode: "hybrid", rerank: true, minScore: 0 })).results.map(
    ({ text }) => text,
  );

const statsOf = (ctx: ServiceContext, kb: KnowledgeBase, generation: number) =>
  ctx.ports.knowledgeIndexes.of(ctx.tenant.id, kb.id, generation).stats();

describe("a knowledge base that changes its embedding model", () => {
  let ctx: ServiceContext;
  let model: { beforeAnswer: () => Promise<unknown> };
  let kb: KnowledgeBase;

  const change = (embeddingModel: string) => updateKnowledgeBase(ctx, kb.id, { embeddingModel });
  const reembed = () => handleTask(ctx, { type: "knowledge-base.reembed", payload: address(1) });
  const address = (generation: number) => ({ knowledgeBaseId: kb.id, generation });

  beforeEach(async () => {
    ({ ctx, model } = await aQuietTenant());
    kb = await createKnowledgeBase(ctx, { name: "Handbook" });
  });

  it("searches the present index until the next one is whole, then clears the present one", async () => {
    await indexed(ctx, kb.id, LEAVE);
    await indexed(ctx, kb.id, TRAINS);
    const asked = await change("acme/embed");
    expect(asked).toMatchObject({
      embeddingModel: "local/hash-embed",
      reembedding: { status: "running", embeddingModel: "acme/embed", documents: 2, reembedded: 0, error: null },
    });
    model.beforeAnswer = async () => {
      model.beforeAnswer = async () => undefined;
      expect(await textsOf(ctx, kb, "trains in second class")).toEqual([TRAINS]);
    };
    await work(ctx, "knowledge-base.reembed");
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ embeddingModel: "acme/embed", reembedding: null });
    expect(await textsOf(ctx, kb, "holiday")).toEqual([LEAVE]);
    await work(ctx, "knowledge-base.clear-generation");
    expect(await statsOf(ctx, kb, 0)).toMatchObject({ documents: 0 });
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 2, embedder: { model: "acme/embed" } });
  });

  it("changes at once while it is empty", async () => {
    expect(await change("acme/embed")).toMatchObject({ embeddingModel: "acme/embed", reembedding: null });
    await indexed(ctx, kb.id, LEAVE);
    expect(await textsOf(ctx, kb, "holiday")).toEqual([LEAVE]);
  });

  it("takes along what is added, replaced and deleted meanwhile", async () => {
    await indexed(ctx, kb.id, LEAVE, "leave");
    const deleted = await indexed(ctx, kb.id, "Lunch is at noon.");
    await change("acme/embed");
    const meanwhile = [
      () => indexed(ctx, kb.id, TRAINS),
      () => indexed(ctx, kb.id, "Everyone has 31 days of paid leave.", "leave"),
      () => deleteDocument(ctx, deleted),
    ];
    model.beforeAnswer = async () => meanwhile.shift()?.();
    await work(ctx, "knowledge-base.reembed", "document.remove", "knowledge-base.clear-generation");
    expect(meanwhile).toEqual([]);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ embeddingModel: "acme/embed", documents: 2 });
    expect(await textsOf(ctx, kb, "holiday")).toEqual(["Everyone has 31 days of paid leave."]);
    expect(await textsOf(ctx, kb, "trains")).toEqual([TRAINS]);
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 2, chunks: 2 });
  });

  it("loses no document that was being ingested when the index changed", async () => {
    await change("acme/embed");
    await indexed(ctx, kb.id, LEAVE);
    await change("local/hash-embed");
    let switches = 1;
    model.beforeAnswer = async () => {
      if (switches-- > 0) await work(ctx, "knowledge-base.reembed", "knowledge-base.clear-generation");
    };
    const failure = await indexed(ctx, kb.id, TRAINS).catch((error: Error) => error.message);
    expect(failure).toMatch(/has changed its embedding model/);
    await work(ctx, "document.ingest");
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ embeddingModel: "local/hash-embed", documents: 2 });
    expect(await textsOf(ctx, kb, "trains in second class")).toEqual([TRAINS]);
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 0 });
  });

  it("goes on where a consumer died, and does the same work twice without harm", async () => {
    for (const text of [LEAVE, TRAINS, "Lunch is at noon."]) await indexed(ctx, kb.id, text);
    await change("acme/embed");
    let calls = 0;
    model.beforeAnswer = async () => {
      if (++calls === 2) throw problem("unavailable", { detail: "The model is away." });
    };
    expect(await reembed().catch((error: Error) => error.message)).toMatch(/away/);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({
      reembedding: { status: "running", reembedded: 1, error: expect.stringContaining("away") },
    });
    await Promise.all([reembed(), reembed()]);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ embeddingModel: "acme/embed", reembedding: null });
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 3 });
  });

  it("keeps the present model when the next one fails for good", async () => {
    await indexed(ctx, kb.id, LEAVE);
    await change("acme/embed");
    model.beforeAnswer = async () => {
      throw problem("forbidden", { detail: "The key of this provider is not valid." });
    };
    await work(ctx, "knowledge-base.reembed", "knowledge-base.clear-generation");
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({
      embeddingModel: "local/hash-embed",
      reembedding: { status: "failed", error: expect.any(String) },
    });
    expect(await textsOf(ctx, kb, "paid leave")).toEqual([LEAVE]);
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 0 });
  });

  it("gives up after several attempts at a model that is away, and may be asked again", async () => {
    await indexed(ctx, kb.id, LEAVE);
    await change("acme/embed");
    model.beforeAnswer = async () => {
      throw problem("unavailable", { detail: "The model is away." });
    };
    const attempts: string[] = [];
    for (let i = 0; i < 5; i++)
      attempts.push(
        await reembed().then(
          () => "settled",
          () => "to be repeated",
        ),
      );
    expect(attempts).toEqual([...Array.from({ length: 4 }, () => "to be repeated"), "settled"]);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ reembedding: { status: "failed" } });
    expect(await textsOf(ctx, kb, "paid leave")).toEqual([LEAVE]);
    const asked = await change("acme/embed");
    expect(asked).toMatchObject({ reembedding: { status: "running", reembedded: 0, error: null } });
  });

  it("is called off by naming the present model", async () => {
    await indexed(ctx, kb.id, LEAVE);
    await change("acme/embed");
    model.beforeAnswer = async () => {
      model.beforeAnswer = async () => undefined;
      await change("local/hash-embed");
    };
    await work(ctx, "knowledge-base.reembed", "knowledge-base.clear-generation");
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ embeddingModel: "local/hash-embed", reembedding: null });
    expect(await textsOf(ctx, kb, "paid leave")).toEqual([LEAVE]);
    expect(await statsOf(ctx, kb, 1)).toMatchObject({ documents: 0 });
  });

  it("leaves nothing in any index when it is deleted on the way", async () => {
    await indexed(ctx, kb.id, LEAVE);
    await change("acme/embed");
    model.beforeAnswer = async () => deleteKnowledgeBase(ctx, kb.id);
    await work(ctx, "knowledge-base.reembed");
    await work(ctx, "knowledge-base.remove", "knowledge-base.clear-generation");
    for (const generation of [0, 1]) expect(await statsOf(ctx, kb, generation)).toMatchObject({ documents: 0 });
  });
});
