import { and, desc, eq, lt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge-base.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { countDocuments } from "./count-documents.ts";
import { knowledgeBases, toKnowledgeBase } from "./table.ts";

/** Newest first: ids sort by age. */
export async function listKnowledgeBases(
  ctx: ServiceContext,
  { limit, cursor }: PageRequest,
): Promise<Page<KnowledgeBase>> {
  requirePermission(ctx, "knowledge:read");
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const rows = await ctx.db
    .select()
    .from(knowledgeBases)
    .where(
      and(eq(knowledgeBases.tenantId, ctx.tenant.id), before === undefined ? undefined : lt(knowledgeBases.id, before)),
    )
    .orderBy(desc(knowledgeBases.id))
    .limit(limit + 1);
  const countsOf = await countDocuments(ctx, rows.slice(0, limit));
  return pageOf(
    rows,
    limit,
    (row) => [row.id],
    (row) => toKnowledgeBase(row, countsOf(row.id)),
  );
}
