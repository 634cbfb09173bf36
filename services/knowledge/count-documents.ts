import { and, count, eq, inArray, isNotNull, sql, sum } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { isBeingReembedded } from "./generations.ts";
import { type Counts, documents, type KnowledgeBaseRow, type Progress } from "./table.ts";

const NONE: Counts = { documents: 0, chunks: 0, reembedding: null };

/** Documents and chunks of each knowledge base; at most a page of them at once. */
export async function countDocuments(
  ctx: ServiceContext,
  bases: readonly KnowledgeBaseRow[],
): Promise<(knowledgeBaseId: string) => Counts> {
  if (bases.length === 0) return () => NONE;
  const ids = bases.map(({ id }) => id);
  const rows = await ctx.db
    .select({ id: documents.knowledgeBaseId, documents: count(), chunks: sum(documents.chunks).mapWith(Number) })
    .from(documents)
    .where(and(eq(documents.tenantId, ctx.tenant.id), inArray(documents.knowledgeBaseId, ids)))
    .groupBy(documents.knowledgeBaseId);
  const progress = await progressOf(ctx, bases.filter(isBeingReembedded));
  const counts = new Map(rows.map(({ id, ...found }) => [id, { ...found, reembedding: progress.get(id) ?? null }]));
  return (id) => counts.get(id) ?? NONE;
}

/** Read from the rows themselves, so only for the few that need it. */
async function progressOf(ctx: ServiceContext, bases: readonly KnowledgeBaseRow[]): Promise<Map<string, Progress>> {
  const found = bases.map(async ({ id, latestGeneration }): Promise<[string, Progress]> => {
    const isReembedded = sql`${documents.indexedGeneration} >= ${latestGeneration}`;
    const [row] = await ctx.db
      .select({ documents: count(), reembedded: sum(isReembedded).mapWith(Number) })
      .from(documents)
      .where(
        and(
          eq(documents.tenantId, ctx.tenant.id),
          eq(documents.knowledgeBaseId, id),
          isNotNull(documents.indexedVersion),
        ),
      );
    return [id, { documents: row?.documents ?? 0, reembedded: row?.reembedded ?? 0 }];
  });
  return new Map(await Promise.all(found));
}
