import { requirePermission, type ServiceContext } from "../context.ts";
import type { GenerationAddress } from "./generations.ts";

/** Leaves nothing in an index that is out of force. */
export async function clearGeneration(
  ctx: ServiceContext,
  { knowledgeBaseId, generation }: GenerationAddress,
): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, knowledgeBaseId, generation).clear();
}

/** Every index that the knowledge base ever had: one that went out of force may have been written to late. */
export async function clearIndexes(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  latestGeneration: number,
): Promise<void> {
  for (let generation = 0; generation <= latestGeneration; generation++) {
    await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, knowledgeBaseId, generation).clear();
  }
}
