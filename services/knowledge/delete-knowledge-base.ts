import { and, eq } from "drizzle-orm";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill } from "../preconditions.ts";
import { againstConflict } from "./against-conflict.ts";
import { isStillAt } from "./generations.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { requireKnowledgeBase } from "./require-knowledge-base.ts";
import { documents, type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

/** Gone at once for every reader; indexes and files follow by a task. */
export async function deleteKnowledgeBase(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  await againstConflict(ctx, async () => {
    const row = await loadKnowledgeBase(ctx, id);
    await requireKnowledgeBase(ctx, row);
    await deleteRow(ctx, row);
  });
}

async function deleteRow(ctx: ServiceContext, base: KnowledgeBaseRow): Promise<void> {
  const { id, latestGeneration } = base;
  await commit(ctx, {
    // The task names the indexes to clear, so none may have come since the row was read.
    change: ctx.db
      .delete(knowledgeBases)
      .where(and(isStillAt(ctx, base), ifStill(ctx, eq(knowledgeBases.updatedAt, base.updatedAt)))),
    also: [
      ctx.db.delete(documents).where(and(eq(documents.tenantId, ctx.tenant.id), eq(documents.knowledgeBaseId, id))),
    ],
    audit: { action: "knowledge-base.deleted", target: { type: "knowledge-base", id } },
    tasks: [{ type: "knowledge-base.remove", payload: { knowledgeBaseId: id, latestGeneration } }],
  });
}
