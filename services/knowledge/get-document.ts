import type { KnowledgeDocument } from "../../domain/knowledge/document.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { type DocumentAddress, loadDocument } from "./load-document.ts";
import { toDocument } from "./table.ts";

export async function getDocument(ctx: ServiceContext, address: DocumentAddress): Promise<KnowledgeDocument> {
  requirePermission(ctx, "knowledge:read");
  return toDocument(await loadDocument(ctx, address));
}
