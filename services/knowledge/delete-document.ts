import { and, eq } from "drizzle-orm";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { againstConflict } from "./against-conflict.ts";
import { type DocumentAddress, isAt, loadDocument } from "./load-document.ts";
import { revisionsOf } from "./revision.ts";
import { type DocumentRow, documents } from "./table.ts";

/** Gone at once for every reader; index and files follow by a task. */
export async function deleteDocument(ctx: ServiceContext, address: DocumentAddress): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  await againstConflict(ctx, async () => deleteRow(ctx, address, await loadDocument(ctx, address)));
}

async function deleteRow(ctx: ServiceContext, address: DocumentAddress, row: DocumentRow): Promise<void> {
  await commit(ctx, {
    // The task names the revisions to remove, so no other may have come since they were read.
    change: ctx.db.delete(documents).where(and(isAt(ctx, address), eq(documents.version, row.version))),
    audit: {
      action: "document.deleted",
      target: { type: "document", id: row.id },
      details: { knowledgeBaseId: row.knowledgeBaseId, title: row.title },
    },
    tasks: [
      { type: "document.remove", payload: { knowledgeBaseId: address.knowledgeBaseId, revisions: revisionsOf(row) } },
    ],
  });
}
