import { requirePermission, type ServiceContext } from "../context.ts";
import { indexEntry, type Revision, sourceKey, textKey } from "./revision.ts";

/** Leaves nothing of the revisions behind, in index and files. Removing what is absent is no error. */
export async function removeRevisions(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  revisions: readonly Revision[],
): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, knowledgeBaseId);
  for (const revision of revisions) await index.removeDocument(indexEntry(revision));
  await ctx.ports.files.remove(revisions.flatMap((revision) => [sourceKey(revision), textKey(revision)]));
}
