import type { KnowledgeBase } from "../../domain/knowledge/knowledge-base.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { countDocuments } from "./count-documents.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { toKnowledgeBase } from "./table.ts";

export async function getKnowledgeBase(ctx: ServiceContext, id: string): Promise<KnowledgeBase> {
  requirePermission(ctx, "knowledge:read");
  const row = await loadKnowledgeBase(ctx, id);
  const countsOf = await countDocuments(ctx, [row]);
  return toKnowledgeBase(row, countsOf(id));
}
