import { describe, expect, it } from "vitest";
import type { ServiceContext } from "../../../services/context.ts";
import { addDocument } from "../../../services/knowledge/add-document.ts";
import { createKnowledgeBase } from "../../../services/knowledge/create-knowledge-base.ts";
import { getDocument } from "../../../services/knowledge/get-document.ts";
import { ingestDocument } from "../../../services/knowledge/ingest-document.ts";
import { loadDocument } from "../../../services/knowledge/load-document.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import type { EmbeddingInput, ProviderAccess } from "../../../services/llm/ports.ts";
import { aTenant } from "../../support/a-tenant.ts";

const ACME: ProviderAccess = {
  name: "acme",
  kind: "openai-compatible",
  baseUrl: "https://acme.example/v1",
  apiKey: null,
  timeoutMs: 1_000,
  prices: {},
};

/** A model that knows that a holiday is leave. It keeps what it was asked. */
async function withModel(): Promise<{ ctx: ServiceContext; asked: EmbeddingInput[] }> {
  const { ctx } = await aTenant();
  const asked: EmbeddingInput[] = [];
  const { chatModels } = ctx.ports;
  const vector = (text: string) => {
    const place = /leave|holiday/i.test(text) ? 0 : /train|travel/i.test(text) ? 1 : 2;
    return Float32Array.from({ length: 16 }, (_, dimension) => (dimension === place ? 1 : 0.01));
  };
  const embed = async (request: EmbeddingInput) => {
    asked.push(request);
    return {
      model: request.model,
      vectors: request.input.map((text) => vector(String(text))),
      promptTokens: 1,
      isEstimated: false,
    };
  };
  const open: typeof chatModels.open = (provider) => ({ ...chatModels.open(provider), embedding: { embed } });
  const models = { ...chatModels, defaults: [...chatModels.defaults, ACME], open };
  const queue = { send: async () => {} };
  return { asked, ctx: { ...ctx, ports: { ...ctx.ports, chatModels: models, queue } } };
}

async function indexed(ctx: ServiceContext, knowledgeBaseId: string, title: string, body: string) {
  const { id } = await addDocument(ctx, knowledgeBaseId, { title, contentType: "text/plain", source: { body } });
  const { version, folder } = await loadDocument(ctx, { knowledgeBaseId, documentId: id });
  await ingestDocument(ctx, { knowledgeBaseId, documentId: id, version, folder });
  return getDocument(ctx, { knowledgeBaseId, documentId: id });
}

describe("a knowledge base with a model's embeddings", () => {
  it("finds what shares no word with the query", async () => {
    const { ctx } = await withModel();
    const kb = await createKnowledgeBase(ctx, { name: "Handbook", embeddingModel: "acme/embed" });
    await indexed(ctx, kb.id, "One", "Everyone has 30 days of paid leave.");
    await indexed(ctx, kb.id, "Two", "Trains are booked in second class.");
    const search = { query: "holiday", topK: 1, mode: "hybrid", rerank: true, minScore: 0 } as const;
    const { results } = await searchKnowledge(ctx, kb.id, search);
    expect(results[0]?.text).toBe("Everyone has 30 days of paid leave.");
  });

  it("embeds chunks below their title, at most a hundred a call", async () => {
    const { ctx, asked } = await withModel();
    const chunking = { maxTokens: 64, overlapTokens: 0 };
    const kb = await createKnowledgeBase(ctx, { name: "Handbook", embeddingModel: "acme/embed", chunking });
    const sentence = "Trains are booked in second class by everyone who travels for the company. ";
    const document = await indexed(ctx, kb.id, "Travel rules", sentence.repeat(700));
    expect(document.status).toBe("indexed");
    expect(asked.length).toBe(Math.ceil(document.chunks / 100));
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.every(({ model, input }) => model === "embed" && input.length <= 100)).toBe(true);
    expect(asked[0]?.input[0]).toMatch(/^Travel rules\n\nTrains are booked/);
  });

  it("asks no model for a search by keyword", async () => {
    const { ctx, asked } = await withModel();
    const kb = await createKnowledgeBase(ctx, { name: "Handbook", embeddingModel: "acme/embed" });
    await searchKnowledge(ctx, kb.id, { query: "leave", topK: 1, mode: "keyword", rerank: true, minScore: 0 });
    expect(asked).toEqual([]);
  });
});
