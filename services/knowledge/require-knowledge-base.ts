import type { ServiceContext } from "../context.ts";
import { requireMatch } from "../preconditions.ts";
import { countDocuments } from "./count-documents.ts";
import { type KnowledgeBaseRow, toKnowledgeBase } from "./table.ts";

/** Holds what the client demands against the knowledge base as it is answered. Its counts are part of it, and guard nothing. */
export async function requireKnowledgeBase(ctx: ServiceContext, row: KnowledgeBaseRow): Promise<void> {
  if (ctx.precondition === undefined) return;
  const countsOf = await countDocuments(ctx, [row]);
  requireMatch(ctx, toKnowledgeBase(row, countsOf(row.id)));
}
