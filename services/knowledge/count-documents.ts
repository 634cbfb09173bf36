import { and, count, eq, inArray, sum } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { type Counts, documents } from "./table.ts";

const NONE: Counts = { documents: 0, chunks: 0 };

/** Documents and chunks of each knowledge base; at most a page of them at once. */
export async function countDocuments(
  ctx: ServiceContext,
  knowledgeBaseIds: readonly string[],
): Promise<(knowledgeBaseId: string) => Counts> {
  if (knowledgeBaseIds.length === 0) return () => NONE;
  const rows = await ctx.db
    .select({ id: documents.knowledgeBaseId, documents: count(), chunks: sum(documents.chunks).mapWith(Number) })
    .from(documents)
    .where(and(eq(documents.tenantId, ctx.tenant.id), inArray(documents.knowledgeBaseId, [...knowledgeBaseIds])))
    .groupBy(documents.knowledgeBaseId);
  const counts = new Map(rows.map(({ id, ...found }) => [id, found]));
  return (id) => counts.get(id) ?? NONE;
}
