import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { documents, knowledgeBases } from "./table.ts";

/** Gone at once for every reader; index and files follow by a task. */
export async function deleteKnowledgeBase(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  await commit(ctx, {
    change: ctx.db
      .delete(knowledgeBases)
      .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, id))),
    also: [
      ctx.db.delete(documents).where(and(eq(documents.tenantId, ctx.tenant.id), eq(documents.knowledgeBaseId, id))),
    ],
    audit: { action: "knowledge-base.deleted", target: { type: "knowledge-base", id } },
    tasks: [{ type: "knowledge-base.remove", payload: { knowledgeBaseId: id } }],
    conflict: () => notFound("knowledge base"),
  });
}
