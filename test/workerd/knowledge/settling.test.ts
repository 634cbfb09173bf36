import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { durableKnowledgeIndexes } from "../../../adapters/durable/knowledge-indexes.ts";
import { vectorize } from "../../../adapters/vector-index/vectorize.ts";
import { Task } from "../../../domain/jobs/message.ts";
import { hashedEmbedding } from "../../../domain/knowledge/embedding/hashed.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { addDocument } from "../../../services/knowledge/add-document.ts";
import { createKnowledgeBase } from "../../../services/knowledge/create-knowledge-base.ts";
import { deleteDocument } from "../../../services/knowledge/delete-document.ts";
import { getDocument } from "../../../services/knowledge/get-document.ts";
import { getKnowledgeBase } from "../../../services/knowledge/get-knowledge-base.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import { updateKnowledgeBase } from "../../../services/knowledge/update-knowledge-base.ts";
import type { EmbeddingInput, ProviderAccess } from "../../../services/llm/ports.ts";
import { handleTask } from "../../../workers/queues/handlers.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aVectorize, type FakeVectorize } from "../../support/a-vectorize.ts";

const DIMENSIONS = 64;
const LEAVE = "Everyone has 30 days of paid leave.";
const TRAINS = "Trains are booked in second class.";

const ACME: ProviderAccess = {
  name: "acme",
  kind: "openai-compatible",
  baseUrl: "https://acme.example/v1",
  apiKey: null,
  timeoutMs: 1_000,
  prices: {},
};

/** A tenant whose queue rings for nobody, a model whose vectors are as long as its name says, and Vectorize. */
async function aQuietTenant(binding: FakeVectorize): Promise<ServiceContext> {
  const { ctx } = await aTenant();
  const { chatModels } = ctx.ports;
  const embed = async ({ model, input }: EmbeddingInput) => {
    const dimensions = Number(model.split("-")[1]);
    return {
      model,
      vectors: input.map((text) => hashedEmbedding(String(text), dimensions)),
      promptTokens: 1,
      isEstimated: false,
    };
  };
  const open: typeof chatModels.open = (provider) => ({ ...chatModels.open(provider), embedding: { embed } });
  const store = vectorize(binding, { dimensions: DIMENSIONS });
  const ports = {
    ...ctx.ports,
    chatModels: { ...chatModels, defaults: [...chatModels.defaults, ACME], open },
    knowledgeIndexes: durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { store }),
    queue: { send: async () => {} },
  };
  return { ...ctx, ports };
}

/** Does one task of each that wait, whatever time they wait for; the pauses of those that ask again are the answer. */
async function workOnce(ctx: ServiceContext): Promise<{ type: string; pauseMs: number }[]> {
  const isWaiting = and(eq(tasks.tenantId, ctx.tenant.id), eq(tasks.status, "queued"));
  const rows = await ctx.db.select().from(tasks).where(isWaiting);
  for (const { id, type, payload } of rows) {
    await ctx.db.update(tasks).set({ status: "succeeded" }).where(eq(tasks.id, id));
    await handleTask(ctx, Task.parse({ type, payload }));
  }
  return rows.map(({ type, availableAt, createdAt }) => ({ type, pauseMs: availableAt - createdAt }));
}

describe("a knowledge base whose vectors lie in Vectorize", () => {
  let binding: FakeVectorize;
  let ctx: ServiceContext;
  let kb: KnowledgeBase;

  const added = async (body: string) => {
    const source = { title: "Note", contentType: "text/plain", source: { body }, externalId: body };
    const { id } = await addDocument(ctx, kb.id, source);
    return { knowledgeBaseId: kb.id, documentId: id };
  };
  const textsOf = async (query: string) =>
    (await searchKnowledge(ctx, kb.id, { query, topK: 5, mode: "hybrid", rerank: true, minScore: 0.3 })).results.map(
      ({ text }) => text,
    );

  beforeEach(async () => {
    binding = aVectorize(DIMENSIONS);
    ctx = await aQuietTenant(binding);
    kb = await createKnowledgeBase(ctx, { name: "Handbook", embeddingModel: "acme/embed-64" });
  });

  it("calls a document indexed once Vectorize has processed it, asking with growing pauses", async () => {
    const address = await added(LEAVE);
    await workOnce(ctx);
    const pauses: number[] = [];
    for (let asks = 0; asks < 4; asks++) {
      const [task] = await workOnce(ctx);
      expect(task?.type).toBe("document.settle");
      pauses.push(task?.pauseMs ?? 0);
      expect(await getDocument(ctx, address)).toMatchObject({ status: "processing", error: null });
      expect(await textsOf("days of paid leave")).toEqual([]);
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses[0]).toBeGreaterThanOrEqual(1_000);
    binding.process();
    await workOnce(ctx);
    expect(await getDocument(ctx, address)).toMatchObject({ status: "indexed", chunks: 1 });
    expect(await textsOf("days of paid leave")).toEqual([LEAVE]);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ vectorIndex: "vectorize" });
    expect(await workOnce(ctx)).toEqual([]);
  });

  it("gives up on a document that Vectorize never takes in: its job fails, and reads it anew when it is run again", async () => {
    const address = await added(LEAVE);
    for (let asks = 0; asks < 20; asks++) await workOnce(ctx);
    const [last] = await ctx.db
      .select()
      .from(tasks)
      .where(and(eq(tasks.tenantId, ctx.tenant.id), eq(tasks.status, "queued")));
    await expect(workOnce(ctx)).rejects.toMatchObject({ code: "document-failed" });
    expect(await getDocument(ctx, address)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/take it in/),
    });
    binding.process();
    expect(binding.ids).toEqual([]);
    await handleTask(ctx, Task.parse({ type: last?.type, payload: last?.payload }));
    for (let turn = 0; turn < 2; turn++) {
      await workOnce(ctx);
      binding.process();
    }
    expect(await getDocument(ctx, address)).toMatchObject({ status: "indexed", error: null });
  });

  it("asks on while Vectorize does not answer", async () => {
    const address = await added(LEAVE);
    await workOnce(ctx);
    binding.beforeCall = () => Promise.reject(new Error("Network connection lost"));
    for (let asks = 0; asks < 3; asks++) expect(await workOnce(ctx)).toMatchObject([{ type: "document.settle" }]);
    binding.beforeCall = async () => undefined;
    binding.process();
    await workOnce(ctx);
    expect(await getDocument(ctx, address)).toMatchObject({ status: "indexed" });
  });

  it("leaves nothing of a document that is deleted while it waits", async () => {
    const address = await added(LEAVE);
    await workOnce(ctx);
    await deleteDocument(ctx, address);
    while ((await workOnce(ctx)).length > 0);
    binding.process();
    expect(binding.ids).toEqual([]);
  });

  it("reads a document anew when another index came into force while it waited", async () => {
    await added(LEAVE);
    await workOnce(ctx);
    binding.process();
    await workOnce(ctx);
    const address = await added(TRAINS);
    await workOnce(ctx);
    await updateKnowledgeBase(ctx, kb.id, { embeddingModel: "acme/embed-32" });
    while ((await workOnce(ctx)).length > 0);
    expect(await getDocument(ctx, address)).toMatchObject({ status: "indexed" });
    expect(await textsOf("trains in second class")).toEqual([TRAINS]);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({
      embeddingModel: "acme/embed-32",
      vectorIndex: "embedded",
    });
    binding.process();
    expect(binding.ids).toEqual([]);
  });

  it("changes to a model whose vectors lie in Vectorize when all of them are found there", async () => {
    kb = await createKnowledgeBase(ctx, { name: "Handbook" });
    for (const text of [LEAVE, TRAINS]) await added(text);
    await workOnce(ctx);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({ vectorIndex: "embedded" });
    await updateKnowledgeBase(ctx, kb.id, { embeddingModel: "acme/embed-64" });
    for (let slices = 0; slices < 3; slices++) await workOnce(ctx);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({
      embeddingModel: "local/hash-embed",
      reembedding: { status: "running", reembedded: 2 },
    });
    expect(await textsOf("days of paid leave")).toEqual([LEAVE]);
    binding.process();
    while ((await workOnce(ctx)).length > 0);
    expect(await getKnowledgeBase(ctx, kb.id)).toMatchObject({
      embeddingModel: "acme/embed-64",
      vectorIndex: "vectorize",
      reembedding: null,
    });
    expect(await textsOf("days of paid leave")).toEqual([LEAVE]);
  });
});
