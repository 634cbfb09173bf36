import { requirePermission, type ServiceContext } from "../context.ts";
import { clearIndexes } from "./clear-generation.ts";
import { knowledgeBaseFolder } from "./revision.ts";

/** Leaves nothing of a deleted knowledge base behind, in the indexes that it ever had and in files. */
export async function removeKnowledgeBase(
  ctx: ServiceContext,
  { knowledgeBaseId, latestGeneration = 0 }: { knowledgeBaseId: string; latestGeneration?: number | undefined },
): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const { files } = ctx.ports;
  await clearIndexes(ctx, knowledgeBaseId, latestGeneration);
  await files.remove(await files.list(knowledgeBaseFolder(ctx.tenant.id, knowledgeBaseId)));
}
