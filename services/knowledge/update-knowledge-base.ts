import { and, eq } from "drizzle-orm";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import type { KnowledgeBase, UpdateKnowledgeBase } from "../../domain/knowledge/knowledge-base.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { countDocuments } from "./count-documents.ts";
import { requireEmbeddingModel } from "./embedding.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { knowledgeBases, toKnowledgeBase } from "./table.ts";

/** Changes a knowledge base. Chunking applies to what is added or replaced from now on. */
export async function updateKnowledgeBase(
  ctx: ServiceContext,
  id: string,
  patch: UpdateKnowledgeBase,
): Promise<KnowledgeBase> {
  requirePermission(ctx, "knowledge:write");
  const [row, countsOf] = await Promise.all([loadKnowledgeBase(ctx, id), countDocuments(ctx, [id])]);
  const counts = countsOf(id);
  const { embeddingModel = row.embeddingModel } = patch;
  if (embeddingModel !== row.embeddingModel) {
    // Vectors of two models never meet in one index.
    if (counts.documents > 0) {
      throw problem("conflict", { detail: "The embedding model is fixed once the knowledge base holds documents." });
    }
    await requireEmbeddingModel(ctx, embeddingModel);
  }
  const changed = {
    name: patch.name ?? row.name,
    description: patch.description ?? row.description,
    chunking: patch.chunking ?? row.chunking,
    embeddingModel,
    updatedAt: ctx.clock.now(),
  };
  await commit(ctx, {
    change: ctx.db
      .update(knowledgeBases)
      .set(changed)
      .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, id))),
    audit: {
      action: "knowledge-base.updated",
      target: { type: "knowledge-base", id },
      details: { after: patch },
    },
    conflict: () => notFound("knowledge base"),
  });
  return toKnowledgeBase({ ...row, ...changed }, counts);
}
