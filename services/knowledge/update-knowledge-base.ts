import { and, eq, exists, not, type SQL } from "drizzle-orm";
import type { Task } from "../../domain/jobs/message.ts";
import type { KnowledgeBase, UpdateKnowledgeBase } from "../../domain/knowledge/knowledge-base.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { changeTime, ifStill } from "../preconditions.ts";
import { againstConflict } from "./against-conflict.ts";
import { countDocuments } from "./count-documents.ts";
import { requireEmbeddingModel } from "./embedding.ts";
import { isBeingReembedded, isStillAt } from "./generations.ts";
import { getKnowledgeBase } from "./get-knowledge-base.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { requireKnowledgeBase } from "./require-knowledge-base.ts";
import { documents, type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

/**
 * Changes a knowledge base. Chunking applies to what is added or replaced from now on. Another embedding model takes over when
 * every document is embedded by it; naming the present one meanwhile calls that off.
 */
export async function updateKnowledgeBase(
  ctx: ServiceContext,
  id: string,
  patch: UpdateKnowledgeBase,
): Promise<KnowledgeBase> {
  requirePermission(ctx, "knowledge:write");
  const { embeddingModel } = patch;
  if (embeddingModel !== undefined) {
    const row = await loadKnowledgeBase(ctx, id);
    if (embeddingModel !== row.embeddingModel) await requireEmbeddingModel(ctx, embeddingModel);
  }
  await againstConflict(ctx, async () => {
    const row = await loadKnowledgeBase(ctx, id);
    await requireKnowledgeBase(ctx, row);
    await changeRow(ctx, row, patch);
  });
  return getKnowledgeBase(asReader(ctx), id);
}

async function changeRow(ctx: ServiceContext, row: KnowledgeBaseRow, patch: UpdateKnowledgeBase): Promise<void> {
  const { embeddingModel, ...plain } = patch;
  const model = embeddingModel === undefined ? UNCHANGED : await modelChange(ctx, row, embeddingModel);
  await commit(ctx, {
    change: ctx.db
      .update(knowledgeBases)
      .set({
        name: plain.name ?? row.name,
        description: plain.description === undefined ? row.description : plain.description,
        chunking: plain.chunking ?? row.chunking,
        ...model.set,
        updatedAt: changeTime(ctx, row),
      })
      .where(and(isStillAt(ctx, row), model.condition, ifStill(ctx, eq(knowledgeBases.updatedAt, row.updatedAt)))),
    audit: {
      action: "knowledge-base.updated",
      target: { type: "knowledge-base", id: row.id },
      details: { after: patch },
    },
    tasks: model.tasks,
  });
}

interface ModelChange {
  set: Partial<KnowledgeBaseRow>;
  condition?: SQL | undefined;
  tasks: Task[];
}

const UNCHANGED: ModelChange = { set: {}, tasks: [] };

async function modelChange(ctx: ServiceContext, row: KnowledgeBaseRow, model: string): Promise<ModelChange> {
  if (model === row.nextEmbeddingModel) return UNCHANGED;
  const none = { nextEmbeddingModel: null, reembeddingFailures: 0, reembeddingError: null };
  const abandoned = isBeingReembedded(row) ? [clearing(row, row.latestGeneration)] : [];
  if (model === row.embeddingModel) return { set: none, tasks: abandoned };
  const generation = row.latestGeneration + 1;
  const counts = (await countDocuments(ctx, [row]))(row.id);
  if (counts.documents === 0) {
    return {
      set: {
        ...none,
        embeddingModel: model,
        vectorIndex: "embedded",
        generation,
        latestGeneration: generation,
      },
      condition: not(exists(documentsOf(ctx, row))),
      tasks: [...abandoned, clearing(row, row.generation)],
    };
  }
  return {
    set: { ...none, nextEmbeddingModel: model, latestGeneration: generation },
    tasks: [...abandoned, { type: "knowledge-base.reembed", payload: { knowledgeBaseId: row.id, generation } }],
  };
}

function documentsOf(ctx: ServiceContext, { id }: KnowledgeBaseRow) {
  return ctx.db
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, ctx.tenant.id), eq(documents.knowledgeBaseId, id)));
}

function clearing({ id }: KnowledgeBaseRow, generation: number): Task {
  return { type: "knowledge-base.clear-generation", payload: { knowledgeBaseId: id, generation } };
}

/** Who may change it sees what came of it, also with a key that reads nothing else. */
function asReader(ctx: ServiceContext): ServiceContext {
  return { ...ctx, actor: { kind: "system", name: "knowledge" } };
}
