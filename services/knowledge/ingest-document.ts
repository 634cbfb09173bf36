// Reads a document and puts it into the index: fetch, extract, chunk, embed, index, settle.
//   G1  every step may be repeated: files, chunk ids and index entries follow from the revision alone.
//   G2  the row settles last and only while it still asks for this revision; otherwise what was written is removed.
//   G3  what a person must mend ends as `failed` with a sentence; what may pass is tried again, a bounded number of times.
import { and, eq, exists, inArray, sql } from "drizzle-orm";
import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { UNKNOWN_TYPE } from "./add-document.ts";
import { extractText } from "./extract-text.ts";
import { generationInForce } from "./generations.ts";
import { importSource } from "./import-source.ts";
import { indexText } from "./index-text.ts";
import { findDocument, isAt } from "./load-document.ts";
import { findKnowledgeBase, loadKnowledgeBase } from "./load-knowledge-base.ts";
import { removeEntries, removeRevisions } from "./remove-revisions.ts";
import { indexedRevision, type Revision, sourceKey, textKey } from "./revision.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

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
  let base: KnowledgeBaseRow;
  try {
    base = await loadKnowledgeBase(ctx, row.knowledgeBaseId);
    outcome = await indexed(ctx, base, row, ingestion);
  } catch (error) {
    const reason = reasonOf(ctx, asProblem(error));
    if (isLastAttempt(row, asProblem(error))) {
      if (asProblem(error) === null) ctx.log.error("document.defect", error, { documentId: row.id });
      return settleFailed(ctx, ingestion, reason);
    }
    await noteAttempt(ctx, ingestion, `Attempt ${row.attempts} of ${MAX_ATTEMPTS}: ${reason} It is tried again.`);
    throw error;
  }
  return outcome.isIndexed
    ? settleIndexed(ctx, base, row, ingestion, outcome)
    : settleFailed(ctx, ingestion, outcome.reason);
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
  return { isIndexed: true, characters: text.length, chunks: outcome.chunks, contentType: source.contentType };
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
  base: KnowledgeBaseRow,
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
      indexedGeneration: base.generation,
      error: null,
      indexedAt: now,
      updatedAt: now,
    },
    audit: { action: "document.indexed", details: { version: ingestion.version, chunks: chunkCount } },
    superseded: before === null ? [] : [before],
    base,
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
  /** Whose index in force it was put into. */
  base?: KnowledgeBaseRow;
}

async function settle(ctx: ServiceContext, ingestion: Ingestion, { base, ...settlement }: Settlement): Promise<void> {
  const { knowledgeBaseId, documentId } = ingestion;
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set(settlement.change)
        .where(and(isAt(ctx, ingestion), isUnsettled(ingestion), base && isInForce(ctx, base))),
      audit: { ...settlement.audit, target: { type: "document", id: documentId } },
      tasks: settlement.superseded.map((revision) => ({
        type: "document.remove",
        payload: { knowledgeBaseId, revisions: [revision] },
      })),
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    await settleElsewhere(ctx, ingestion);
    if (base !== undefined) await leaveOldIndex(ctx, ingestion, base);
  }
}

function isInForce(ctx: ServiceContext, { id, generation }: KnowledgeBaseRow) {
  const { db, tenant } = ctx;
  const isBase = and(eq(knowledgeBases.tenantId, tenant.id), eq(knowledgeBases.id, id));
  return exists(
    db
      .select({ id: knowledgeBases.id })
      .from(knowledgeBases)
      .where(and(isBase, eq(knowledgeBases.generation, generation))),
  );
}

/** Another index came into force while it was written into the one before: it is written anew. */
async function leaveOldIndex(
  ctx: ServiceContext,
  ingestion: Ingestion,
  { generation }: KnowledgeBaseRow,
): Promise<void> {
  const { knowledgeBaseId } = ingestion;
  const base = await findKnowledgeBase(ctx, knowledgeBaseId);
  if (base?.generation === generation) return;
  await removeEntries(ctx, { knowledgeBaseId, generation }, [ingestion]);
  if (base !== null) throw problem("unavailable", { detail: "The knowledge base has changed its embedding model." });
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
