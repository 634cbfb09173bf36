import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

export async function loadKnowledgeBase(ctx: ServiceContext, id: string): Promise<KnowledgeBaseRow> {
  const row = await findKnowledgeBase(ctx, id);
  if (row === null) throw notFound("knowledge base");
  return row;
}

export async function findKnowledgeBase(ctx: ServiceContext, id: string): Promise<KnowledgeBaseRow | null> {
  const [row] = await ctx.db
    .select()
    .from(knowledgeBases)
    .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, id)))
    .limit(1);
  return row ?? null;
}
