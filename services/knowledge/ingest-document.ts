// Reads documents and puts them into the index: fetch, extract, chunk, embed, index; settle-ingestion.ts settles their rows.
//   G1  every step may be repeated: files, chunk ids and index entries follow from the revision alone.
//   G2  the row settles last and only while it still asks for this revision; otherwise what was written is removed.
//   G3  what a person must mend ends as `failed` with a sentence; what may pass is tried again, a bounded number of times.
//   G4  documents of one knowledge base that are ingested together share calls, and each ends by itself.
import { and, eq, ne, or, sql } from "drizzle-orm";
import { batchesOf, batchesWithin } from "../../domain/kernel/batches.ts";
import { asProblem, notFound, type Problem, problem } from "../../domain/kernel/problem.ts";
import { apparentType, UNKNOWN_TYPE } from "../../domain/knowledge/extraction/file-type.ts";
import type { IndexDocument } from "../../domain/knowledge/index-contract.ts";
import type { TextFormat } from "../../domain/knowledge/text/structure.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { allAtOnce, outcomeOf, type Settled, together } from "../together.ts";
import { awaitSettling } from "./await-settling.ts";
import { extractText } from "./extract-text.ts";
import { generationInForce } from "./generations.ts";
import { importSource } from "./import-source.ts";
import { indexDocumentOf, textOutcome } from "./index-text.ts";
import { isAt } from "./load-document.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { type Ingestion, sourceKey, TEXT_TYPE, textKey } from "./revision.ts";
import { type IndexedRevision, isUnsettled, settleElsewhere, settleFailed, settleIndexed } from "./settle-ingestion.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow } from "./table.ts";
import { uploadedText } from "./uploaded-text.ts";

// With the task's growing pauses about ten minutes: longer than a provider restarts, shorter than a person waits.
const MAX_ATTEMPTS = 5;
/** An isolate has six outgoing connections, and a source may have 16 MB. */
const READ_AT_ONCE = 6;
/** Chunks that come to some 4 MB with their vectors: one call carries 32 MiB, and none should hold the index for long. */
const INDEXED_AT_ONCE = { items: 10, size: 500 };

/** Answers why the document failed; `null` when it did not, or is no longer asked for. */
export async function ingestDocument(ctx: ServiceContext, ingestion: Ingestion): Promise<string | null> {
  const [ended] = await ingestDocuments(ctx, ingestion.knowledgeBaseId, [ingestion]);
  return outcomeOf(ended);
}

/** Documents of one knowledge base. Answers for each, in their order, as `ingestDocument` does. */
export async function ingestDocuments(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  ingestions: readonly Ingestion[],
): Promise<Settled<string | null>[]> {
  requirePermission(ctx, "knowledge:write");
  const attempts = await beginAttempts(ctx, knowledgeBaseId, ingestions);
  const ended = await attempted(ctx, await findKnowledgeBase(ctx, knowledgeBaseId), attempts);
  return Promise.allSettled(
    ingestions.map(async (ingestion) => {
      const at = attempts.findIndex((attempt) => attempt.ingestion === ingestion);
      if (at >= 0) return outcomeOf(ended[at]);
      await settleElsewhere(ctx, ingestion);
      return null;
    }),
  );
}

interface Attempt {
  ingestion: Ingestion;
  row: DocumentRow;
}

/**
 * Of those that are still asked for: others were deleted, replaced or indexed. One that failed begins anew.
 */
async function beginAttempts(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  ingestions: readonly Ingestion[],
): Promise<Attempt[]> {
  const revisions = ingestions.map(({ documentId, version }) =>
    and(eq(documents.id, documentId), eq(documents.version, version)),
  );
  const rows = await ctx.db
    .update(documents)
    .set({
      status: "processing",
      attempts: sql`case when ${documents.status} = 'failed' then 1 else ${documents.attempts} + 1 end`,
    })
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        ne(documents.status, "indexed"),
        or(...revisions),
      ),
    )
    .returning();
  return ingestions.flatMap((ingestion) => {
    const row = rows.find(({ id, version }) => id === ingestion.documentId && version === ingestion.version);
    return row === undefined ? [] : [{ ingestion, row }];
  });
}

async function attempted(
  ctx: ServiceContext,
  base: KnowledgeBaseRow | null,
  attempts: readonly Attempt[],
): Promise<Settled<string | null>[]> {
  const indexed = await together(await readAll(ctx, base, attempts), (texts) => indexAll(ctx, texts));
  const settled = await together(indexed, (revisions) => settleAll(ctx, revisions));
  return Promise.allSettled(
    attempts.map(async (attempt, at) => {
      const outcome = indexed[at];
      if (outcome?.status === "rejected") return endFailed(ctx, attempt, outcome.reason);
      outcomeOf(settled[at]);
      return null;
    }),
  );
}

/** A text that is ready for the index. */
interface ReadText extends Attempt {
  base: KnowledgeBaseRow;
  document: IndexDocument;
  characters: number;
  contentType: string;
}

async function readAll(
  ctx: ServiceContext,
  base: KnowledgeBaseRow | null,
  attempts: readonly Attempt[],
): Promise<Settled<ReadText>[]> {
  const read: Settled<ReadText>[] = [];
  for (const batch of batchesOf(attempts, READ_AT_ONCE)) {
    read.push(...(await Promise.allSettled(batch.map((attempt) => readText(ctx, base, attempt)))));
  }
  return read;
}

async function readText(ctx: ServiceContext, base: KnowledgeBaseRow | null, attempt: Attempt): Promise<ReadText> {
  const { ingestion, row } = attempt;
  if (base === null) throw notFound("knowledge base");
  if (row.attempts > MAX_ATTEMPTS) throw failed("It could not be read in several attempts.");
  const { text, format, contentType } = await readContent(ctx, attempt);
  const document = await indexDocumentOf(ctx, base, generationInForce(base), {
    revision: ingestion,
    title: row.title,
    metadata: row.metadata,
    text,
    format,
  });
  return { ...attempt, base, document, characters: text.length, contentType };
}

interface Content {
  text: string;
  format: TextFormat;
  contentType: string;
}

/** The canonical text, which is stored from here on at the latest. */
async function readContent(ctx: ServiceContext, { ingestion, row }: Attempt): Promise<Content> {
  const uploaded = await uploadedText(ctx, ingestion, row);
  if (uploaded !== null) return { ...uploaded, contentType: row.contentType };
  const { bytes, contentType } = await loadSource(ctx, row);
  const extraction = await extractText(ctx, bytes, contentType);
  if (!extraction.readable) throw failed(extraction.reason);
  await ctx.ports.files.put(textKey(ingestion), extraction.text, TEXT_TYPE);
  return { ...extraction, contentType };
}

interface Source {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
}

async function loadSource(ctx: ServiceContext, row: DocumentRow): Promise<Source> {
  if (row.sourceUrl === null) {
    const bytes = await ctx.ports.files.bytes(sourceKey(row));
    if (bytes === null) throw failed("The uploaded file is no longer stored.");
    return { bytes, contentType: apparentType(row.contentType, bytes) };
  }
  const imported = await importSource(ctx, row.sourceUrl);
  if (!imported.found) throw failed(imported.reason);
  const told = row.contentType === UNKNOWN_TYPE ? imported.contentType : row.contentType;
  await ctx.ports.files.put(sourceKey(row), imported.bytes, UNKNOWN_TYPE);
  return { bytes: imported.bytes, contentType: apparentType(told, imported.bytes) };
}

type IndexedAttempt = IndexedRevision & { isSettled: boolean };

async function indexAll(ctx: ServiceContext, texts: readonly ReadText[]): Promise<Settled<IndexedAttempt>[]> {
  const indexed: Settled<IndexedAttempt>[] = [];
  for (const batch of batchesWithin(texts, INDEXED_AT_ONCE, ({ document }) => document.chunks.length)) {
    indexed.push(...(await allAtOnce(batch, (texts) => indexBatch(ctx, texts))));
  }
  return indexed;
}

async function indexBatch(ctx: ServiceContext, texts: readonly ReadText[]): Promise<Settled<IndexedAttempt>[]> {
  const [first] = texts;
  if (first === undefined) return [];
  const { base } = first;
  const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, base.id, base.generation);
  const outcomes = await index.upsertDocuments(texts.map(({ document }) => document));
  return Promise.allSettled(
    texts.map(async ({ document: _, ...text }, at) => {
      const outcome = textOutcome(outcomes[at]);
      if (!outcome.isIndexed) throw failed(outcome.reason);
      return { ...text, ...outcome };
    }),
  );
}

async function settleAll(ctx: ServiceContext, attempts: readonly IndexedAttempt[]): Promise<Settled<void>[]> {
  const found = attempts.filter(({ isSettled }) => isSettled);
  const settled = await settleIndexed(ctx, found);
  return Promise.allSettled(
    attempts.map(async (attempt) => {
      if (attempt.isSettled) return outcomeOf(settled[found.indexOf(attempt)]);
      const { base, ingestion, isSettled: _, row: __, ...text } = attempt;
      return awaitSettling(ctx, { ...ingestion, ...text, generation: base.generation, asks: 0 });
    }),
  );
}

/** Answers why the document failed, if this was its last attempt. */
async function endFailed(ctx: ServiceContext, { ingestion, row }: Attempt, error: unknown): Promise<string> {
  const failure = asProblem(error);
  const reason = reasonOf(ctx, failure);
  if (!isLastAttempt(row, failure)) {
    await noteAttempt(ctx, ingestion, `Attempt ${row.attempts} of ${MAX_ATTEMPTS}: ${reason} It is tried again.`);
    throw error;
  }
  if (failure === null) ctx.log.error("document.defect", error, { documentId: row.id });
  await settleFailed(ctx, ingestion, reason);
  return reason;
}

/** What a person must mend. */
function failed(reason: string): Problem {
  return problem("document-failed", { detail: reason });
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
