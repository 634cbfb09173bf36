import { requirePermission, type ServiceContext } from "../context.ts";
import { knowledgeBaseFolder } from "./revision.ts";

/** Leaves nothing of a deleted knowledge base behind, in index and files. */
export async function removeKnowledgeBase(ctx: ServiceContext, knowledgeBaseId: string): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const { files, knowledgeIndexes } = ctx.ports;
  await knowledgeIndexes.of(ctx.tenant.id, knowledgeBaseId).clear();
  await files.remove(await files.list(knowledgeBaseFolder(ctx.tenant.id, knowledgeBaseId)));
}
