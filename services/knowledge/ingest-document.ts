// Reads a document and puts it into the index: fetch, extract, chunk, embed, index, settle.
//   G1  every step may be repeated: files, chunk ids and index entries follow from the revision alone.
//   G2  the row settles last and only while it still asks for this revision; otherwise what was written is removed.
//   G3  what a person must mend ends as `failed` with a sentence; what may pass is tried again, a bounded number of times.
import { and, eq, inArray, sql } from "drizzle-orm";
import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { chunks } from "../../domain/knowledge/text/chunks.ts";
import { structure } from "../../domain/knowledge/text/structure.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { UNKNOWN_TYPE } from "./add-document.ts";
import { embedChunks } from "./embedding.ts";
import { extractText } from "./extract-text.ts";
import { importSource } from "./import-source.ts";
import { findDocument, isAt } from "./load-document.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { removeRevisions } from "./remove-revisions.ts";
import { chunkId, indexEntry, indexedRevision, type Revision, sourceKey, textKey } from "./revision.ts";
import { type DocumentRow, documents } from "./table.ts";

export interface Ingestion extends Revision {
  knowledgeBaseId: string;
}

// With the task's growing pauses about ten minutes: longer than a provider restarts, shorter than a person waits.
const MAX_ATTEMPTS = 5;

export async function ingestDocument(ctx: ServiceContext, ingestion: Ingestion): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const row = await beginAttempt(ctx, ingestion);
  if (row === null) return settleElsewhere(ctx, ingestion);
  if (row.attempts > MAX_ATTEMPTS) return settleFailed(ctx, ingestion, "It could not be read in several attempts.");
  let outcome: Outcome;
  try {
    outcome = await indexed(ctx, row, ingestion);
  } catch (error) {
    const reason = reasonOf(ctx, asProblem(error));
    if (isLastAttempt(row, asProblem(error))) {
      if (asProblem(error) === null) ctx.log.error("document.defect", error, { documentId: row.id });
      return settleFailed(ctx, ingestion, reason);
    }
    await noteAttempt(ctx, ingestion, `Attempt ${row.attempts} of ${MAX_ATTEMPTS}: ${reason} It is tried again.`);
    throw error;
  }
  return outcome.isIndexed ? settleIndexed(ctx, row, ingestion, outcome) : settleFailed(ctx, ingestion, outcome.reason);
}

type Outcome =
  | { isIndexed: true; characters: number; chunks: number; contentType: string }
  | { isIndexed: false; reason: string };

/** `null` when the row no longer asks for this revision: it was deleted, replaced or settled. */
async function beginAttempt(ctx: ServiceContext, ingestion: Ingestion): Promise<DocumentRow | null> {
  const [row] = await ctx.db
    .update(documents)
    .set({ status: "processing", attempts: sql`${documents.attempts} + 1` })
    .where(and(isAt(ctx, ingestion), isUnsettled(ingestion)))
    .returning();
  return row ?? null;
}

function isUnsettled({ version }: Pick<Revision, "version">) {
  return and(eq(documents.version, version), inArray(documents.status, ["queued", "processing"]));
}

/** An attempt that died after it wrote may have left something of a revision that nobody asks for any more. */
async function settleElsewhere(ctx: ServiceContext, ingestion: Ingestion): Promise<void> {
  const row = await findDocument(ctx, ingestion);
  const isHeld = row !== null && (row.version === ingestion.version || row.indexedVersion === ingestion.version);
  if (!isHeld) await removeRevisions(ctx, ingestion.knowledgeBaseId, [ingestion]);
}

async function indexed(ctx: ServiceContext, row: DocumentRow, ingestion: Ingestion): Promise<Outcome> {
  const knowledgeBase = await loadKnowledgeBase(ctx, row.knowledgeBaseId);
  const source = await loadSource(ctx, row);
  if (!source.found) return { isIndexed: false, reason: source.reason };
  const extraction = await extractText(ctx, source.bytes, source.contentType);
  if (!extraction.readable) return { isIndexed: false, reason: extraction.reason };
  const { text, format } = extraction;
  await ctx.ports.files.put(textKey(ingestion), text, "text/plain; charset=utf-8");

  const pieces = chunks(text, structure(text, format), knowledgeBase.chunking);
  const { embedder, embeddings } = await embedChunks(ctx, knowledgeBase.embeddingModel, {
    key: indexEntry(ingestion),
    title: row.title,
    chunks: pieces,
  });
  const outcome = await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, row.knowledgeBaseId).upsertDocument({
    documentId: indexEntry(ingestion),
    title: row.title,
    metadata: row.metadata,
    ...(embedder !== null && { embedder }),
    chunks: pieces.map(({ start, end, text: piece, headingPath }, index) => ({
      chunkId: chunkId(ingestion, index),
      start,
      end,
      text: piece,
      headingPath,
      ...(embeddings?.[index] !== undefined && { embedding: embeddings[index] }),
    })),
  });
  // The model was changed while the base was empty, and what was removed from it is still on its way out.
  if (!outcome.indexed && outcome.reason === "embedder-mismatch") {
    throw problem("unavailable", { detail: `The index holds other vectors: ${outcome.detail}.` });
  }
  if (!outcome.indexed) return { isIndexed: false, reason: `The index refused it: ${outcome.detail}.` };
  return { isIndexed: true, characters: text.length, chunks: pieces.length, contentType: source.contentType };
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

async function settleIndexed(
  ctx: ServiceContext,
  row: DocumentRow,
  ingestion: Ingestion,
  { characters, chunks: chunkCount, contentType }: Outcome & { isIndexed: true },
): Promise<void> {
  const now = ctx.clock.now();
  const before = indexedRevision(row);
  await settle(ctx, ingestion, {
    change: {
      status: "indexed",
      contentType,
      characters,
      chunks: chunkCount,
      indexedVersion: ingestion.version,
      indexedFolder: ingestion.folder,
      error: null,
      indexedAt: now,
      updatedAt: now,
    },
    audit: { action: "document.indexed", details: { version: ingestion.version, chunks: chunkCount } },
    superseded: before === null ? [] : [before],
  });
}

/** A revision that was indexed before stays searchable: the replacement failed, not the document. */
async function settleFailed(ctx: ServiceContext, ingestion: Ingestion, reason: string): Promise<void> {
  await settle(ctx, ingestion, {
    change: { status: "failed", error: reason, updatedAt: ctx.clock.now() },
    audit: { action: "document.failed", details: { version: ingestion.version, reason } },
    superseded: [],
  });
}

interface Settlement {
  change: Partial<DocumentRow>;
  audit: { action: string; details: Record<string, unknown> };
  superseded: Revision[];
}

async function settle(ctx: ServiceContext, ingestion: Ingestion, settlement: Settlement): Promise<void> {
  const { knowledgeBaseId, documentId } = ingestion;
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set(settlement.change)
        .where(and(isAt(ctx, ingestion), isUnsettled(ingestion))),
      audit: { ...settlement.audit, target: { type: "document", id: documentId } },
      tasks: settlement.superseded.map((revision) => ({
        type: "document.remove",
        payload: { knowledgeBaseId, revisions: [revision] },
      })),
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    await settleElsewhere(ctx, ingestion);
  }
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
