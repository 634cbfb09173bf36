import { requirePermission, type ServiceContext } from "../context.ts";
import { type GenerationAddress, nextGeneration } from "./generations.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { indexEntry, type Revision, sourceKey, textKey } from "./revision.ts";

/** Leaves nothing of the revisions behind, in indexes and files. Removing what is absent is no error. */
export async function removeRevisions(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  revisions: readonly Revision[],
): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const base = await findKnowledgeBase(ctx, knowledgeBaseId);
  const generations = base === null ? [0] : [base.generation, nextGeneration(base)?.number ?? base.generation];
  for (const generation of new Set(generations)) {
    await removeEntries(ctx, { knowledgeBaseId, generation }, revisions);
  }
  await ctx.ports.files.remove(revisions.flatMap((revision) => [sourceKey(revision), textKey(revision)]));
}

/** Out of one index; the files stay. */
export async function removeEntries(
  ctx: ServiceContext,
  { knowledgeBaseId, generation }: GenerationAddress,
  revisions: readonly Omit<Revision, "folder">[],
): Promise<void> {
  const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, knowledgeBaseId, generation);
  for (const revision of revisions) await index.removeDocument(indexEntry(revision));
}
