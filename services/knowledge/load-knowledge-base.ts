import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

export async function loadKnowledgeBase(ctx: ServiceContext, id: string): Promise<KnowledgeBaseRow> {
  const [row] = await ctx.db
    .select()
    .from(knowledgeBases)
    .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, id)))
    .limit(1);
  if (row === undefined) throw notFound("knowledge base");
  return row;
}
