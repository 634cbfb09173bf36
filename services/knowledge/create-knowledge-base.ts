import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import {
  type CreateKnowledgeBase,
  DEFAULT_CHUNKING,
  type KnowledgeBase,
} from "../../domain/knowledge/knowledge-base.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { requireEmbeddingModel } from "./embedding.ts";
import { type KnowledgeBaseRow, knowledgeBases, toKnowledgeBase } from "./table.ts";

export async function createKnowledgeBase(ctx: ServiceContext, input: CreateKnowledgeBase): Promise<KnowledgeBase> {
  requirePermission(ctx, "knowledge:write");
  const now = ctx.clock.now();
  const row: KnowledgeBaseRow = {
    id: ctx.ids.next("kb"),
    tenantId: ctx.tenant.id,
    name: input.name,
    description: input.description ?? null,
    chunking: input.chunking ?? DEFAULT_CHUNKING,
    embeddingModel: input.embeddingModel ?? HASHED_EMBEDDER.model,
    generation: 0,
    latestGeneration: 0,
    nextEmbeddingModel: null,
    reembeddingFailures: 0,
    reembeddingError: null,
    vectorIndex: "embedded",
    createdAt: now,
    updatedAt: now,
  };
  await requireEmbeddingModel(ctx, row.embeddingModel);
  await commit(ctx, {
    change: ctx.db.insert(knowledgeBases).values(row),
    audit: {
      action: "knowledge-base.created",
      target: { type: "knowledge-base", id: row.id },
      details: { name: row.name, chunking: row.chunking, embeddingModel: row.embeddingModel },
    },
  });
  return toKnowledgeBase(row, { documents: 0, chunks: 0, reembedding: null });
}
