// Reads a document and puts it into the index: fetch, extract, chunk, embed, index; settle-ingestion.ts settles its row.
//   G1  every step may be repeated: files, chunk ids and index entries follow from the revision alone.
//   G2  the row settles last and only while it still asks for this revision; otherwise what was written is removed.
//   G3  what a person must mend ends as `failed` with a sentence; what may pass is tried again, a bounded number of times.
import { and, eq, ne, sql } from "drizzle-orm";
import { asProblem, type Problem } from "../../domain/kernel/problem.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { UNKNOWN_TYPE } from "./add-document.ts";
import { awaitSettling } from "./await-settling.ts";
import { extractText } from "./extract-text.ts";
import { generationInForce } from "./generations.ts";
import { importSource } from "./import-source.ts";
import { indexText } from "./index-text.ts";
import { isAt } from "./load-document.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { type Ingestion, sourceKey, textKey } from "./revision.ts";
import { type IndexedText, isUnsettled, settleElsewhere, settleFailed, settleIndexed } from "./settle-ingestion.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow } from "./table.ts";

// With the task's growing pauses about ten minutes: longer than a provider restarts, shorter than a person waits.
const MAX_ATTEMPTS = 5;

/** Answers why the document failed; `null` when it did not, or is no longer asked for. */
export async function ingestDocument(ctx: ServiceContext, ingestion: Ingestion): Promise<string | null> {
  requirePermission(ctx, "knowledge:write");
  const row = await beginAttempt(ctx, ingestion);
  if (row === null) {
    await settleElsewhere(ctx, ingestion);
    return null;
  }
  if (row.attempts > MAX_ATTEMPTS) return failed(ctx, ingestion, "It could not be read in several attempts.");
  let outcome: Outcome;
  let base: KnowledgeBaseRow;
  try {
    base = await loadKnowledgeBase(ctx, row.knowledgeBaseId);
    outcome = await indexed(ctx, base, row, ingestion);
  } catch (error) {
    const reason = reasonOf(ctx, asProblem(error));
    if (isLastAttempt(row, asProblem(error))) {
      if (asProblem(error) === null) ctx.log.error("document.defect", error, { documentId: row.id });
      return failed(ctx, ingestion, reason);
    }
    await noteAttempt(ctx, ingestion, `Attempt ${row.attempts} of ${MAX_ATTEMPTS}: ${reason} It is tried again.`);
    throw error;
  }
  if (!outcome.isIndexed) return failed(ctx, ingestion, outcome.reason);
  if (outcome.isSettled) await settleIndexed(ctx, base, row, ingestion, outcome);
  else await awaitSettling(ctx, { ...ingestion, generation: base.generation, asks: 0, ...outcome });
  return null;
}

async function failed(ctx: ServiceContext, ingestion: Ingestion, reason: string): Promise<string> {
  await settleFailed(ctx, ingestion, reason);
  return reason;
}

type Outcome = (IndexedText & { isIndexed: true; isSettled: boolean }) | { isIndexed: false; reason: string };

/** `null` when the row no longer asks for this revision: it was deleted, replaced or indexed. One that failed begins anew. */
async function beginAttempt(ctx: ServiceContext, ingestion: Ingestion): Promise<DocumentRow | null> {
  const [row] = await ctx.db
    .update(documents)
    .set({
      status: "processing",
      attempts: sql`case when ${documents.status} = 'failed' then 1 else ${documents.attempts} + 1 end`,
    })
    .where(and(isAt(ctx, ingestion), eq(documents.version, ingestion.version), ne(documents.status, "indexed")))
    .returning();
  return row ?? null;
}

async function indexed(
  ctx: ServiceContext,
  base: KnowledgeBaseRow,
  row: DocumentRow,
  ingestion: Ingestion,
): Promise<Outcome> {
  const source = await loadSource(ctx, row);
  if (!source.found) return { isIndexed: false, reason: source.reason };
  const extraction = await extractText(ctx, source.bytes, source.contentType);
  if (!extraction.readable) return { isIndexed: false, reason: extraction.reason };
  const { text, format } = extraction;
  await ctx.ports.files.put(textKey(ingestion), text, "text/plain; charset=utf-8");

  const entry = { revision: ingestion, title: row.title, metadata: row.metadata, text, format };
  const outcome = await indexText(ctx, base, generationInForce(base), entry);
  if (!outcome.isIndexed) return outcome;
  return { ...outcome, characters: text.length, contentType: source.contentType };
}

type Source = { found: true; bytes: Uint8Array<ArrayBuffer>; contentType: string } | { found: false; reason: string };

async function loadSource(ctx: ServiceContext, row: DocumentRow): Promise<Source> {
  if (row.sourceUrl === null) {
    const bytes = await ctx.ports.files.bytes(sourceKey(row));
    return bytes === null
      ? { found: false, reason: "The uploaded file is no longer stored." }
      : { found: true, bytes, contentType: row.contentType };
  }
  const imported = await importSource(ctx, row.sourceUrl);
  if (!imported.found) return imported;
  const contentType = row.contentType === UNKNOWN_TYPE ? imported.contentType : row.contentType;
  await ctx.ports.files.put(sourceKey(row), imported.bytes, UNKNOWN_TYPE);
  return { ...imported, contentType };
}

function isLastAttempt({ attempts }: DocumentRow, failure: Problem | null): boolean {
  return attempts >= MAX_ATTEMPTS || (failure !== null && !failure.retryable);
}

/** A defect keeps its words to the log, where the number finds them. */
function reasonOf(ctx: ServiceContext, failure: Problem | null): string {
  return failure?.message ?? `Something went wrong on our side while it was read (${ctx.requestId}).`;
}

/** What the document's page says while it waits for the next attempt. */
async function noteAttempt(ctx: ServiceContext, ingestion: Ingestion, error: string): Promise<void> {
  await ctx.db
    .update(documents)
    .set({ error })
    .where(and(isAt(ctx, ingestion), isUnsettled(ingestion)));
}
