import { problem } from "../../domain/kernel/problem.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { type DocumentAddress, loadDocument } from "./load-document.ts";
import { indexedRevision, textKey } from "./revision.ts";

/** The text that chunks and quotes are slices of: that of the revision which searches show. */
export async function readDocumentText(ctx: ServiceContext, address: DocumentAddress): Promise<string> {
  requirePermission(ctx, "knowledge:read");
  const revision = indexedRevision(await loadDocument(ctx, address));
  const text = revision === null ? null : await ctx.ports.files.text(textKey(revision));
  if (text === null) throw problem("not-found", { detail: "The document is not indexed." });
  return text;
}
