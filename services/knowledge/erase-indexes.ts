import { eq } from "drizzle-orm";
import * as z from "zod";
import type { ServiceContext } from "../context.ts";
import { unfinishedTasks } from "../jobs/unfinished-tasks.ts";
import { removeKnowledgeBase } from "./remove-knowledge-base.ts";
import { knowledgeBases } from "./table.ts";

const Removal = z.object({ knowledgeBaseId: z.string(), latestGeneration: z.int().optional() });

/** Removes indexes and files of every knowledge base, also of those that were deleted and whose removal still waits. */
export async function eraseIndexes(ctx: ServiceContext): Promise<void> {
  const { id: knowledgeBaseId, latestGeneration } = knowledgeBases;
  const rows = await ctx.db
    .select({ knowledgeBaseId, latestGeneration })
    .from(knowledgeBases)
    .where(eq(knowledgeBases.tenantId, ctx.tenant.id));
  const removals = await unfinishedTasks(ctx, "knowledge-base.remove");
  for (const one of [...rows, ...removals.map(({ payload }) => Removal.parse(payload))]) {
    await removeKnowledgeBase(ctx, one);
  }
}
