import { and, desc, eq, lt } from "drizzle-orm";
import * as z from "zod";
import { decodeCursor, type Page, PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { DocumentStatus, type KnowledgeDocument } from "../../domain/knowledge/document.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { documents, toDocument } from "./table.ts";

export const DocumentsRequest = PageRequest.extend({
  status: DocumentStatus.optional(),
  externalId: z.string().min(1).max(200).optional(),
});
export type DocumentsRequest = z.infer<typeof DocumentsRequest>;

/** Newest first: ids sort by age. */
export async function listDocuments(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  { limit, cursor, status, externalId }: DocumentsRequest,
): Promise<Page<KnowledgeDocument>> {
  requirePermission(ctx, "knowledge:read");
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const [rows] = await Promise.all([
    ctx.db
      .select()
      .from(documents)
      .where(
        and(
          eq(documents.tenantId, ctx.tenant.id),
          eq(documents.knowledgeBaseId, knowledgeBaseId),
          status === undefined ? undefined : eq(documents.status, status),
          externalId === undefined ? undefined : eq(documents.externalId, externalId),
          before === undefined ? undefined : lt(documents.id, before),
        ),
      )
      .orderBy(desc(documents.id))
      .limit(limit + 1),
    loadKnowledgeBase(ctx, knowledgeBaseId),
  ]);
  return pageOf(rows, limit, (row) => [row.id], toDocument);
}
