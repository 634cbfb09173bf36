import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { type DocumentRow, documents } from "./table.ts";

export interface DocumentAddress {
  knowledgeBaseId: string;
  documentId: string;
}

export async function findDocument(ctx: ServiceContext, address: DocumentAddress): Promise<DocumentRow | null> {
  const [row] = await ctx.db.select().from(documents).where(isAt(ctx, address)).limit(1);
  return row ?? null;
}

export async function loadDocument(ctx: ServiceContext, address: DocumentAddress): Promise<DocumentRow> {
  const row = await findDocument(ctx, address);
  if (row === null) throw notFound("document");
  return row;
}

export function isAt(ctx: ServiceContext, { knowledgeBaseId, documentId }: DocumentAddress) {
  return and(
    eq(documents.tenantId, ctx.tenant.id),
    eq(documents.knowledgeBaseId, knowledgeBaseId),
    eq(documents.id, documentId),
  );
}
