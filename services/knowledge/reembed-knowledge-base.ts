// Fills the next index of a knowledge base and puts it in force: E1 to E3 of generations.ts.
//   B1  works in slices, each a task of its own; what a slice did is in the rows, so a crash repeats one document at most.
//   B2  a document that is added or replaced meanwhile is searchable at once, and in the next index before that is in force.
//   B3  a failure leaves the present model in force: at once where a person must mend it, else after several attempts.
import { and, asc, eq, exists, isNotNull, lt, notExists, sql } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/kernel/time.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { textFormat } from "./extract-text.ts";
import { type Generation, type GenerationAddress, isStillAt, nextGeneration } from "./generations.ts";
import { indexText } from "./index-text.ts";
import { findDocument, isAt } from "./load-document.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { removeEntries } from "./remove-revisions.ts";
import { indexedRevision, type Revision, textKey } from "./revision.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

// A consumer has fifteen minutes, and one slow document may take a good part of them.
const SLICE_MS = MINUTE_MS;
const PAGE = 20;
// Vectors that were accepted are found within seconds, or minutes.
const SETTLING_MS = 15 * SECOND_MS;
// As many as an ingestion has, with the same growing pauses.
const MAX_FAILURES = 5;

/** One slice. Nothing to do for a generation that is no longer awaited. */
export async function reembedKnowledgeBase(ctx: ServiceContext, address: GenerationAddress): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const base = await findKnowledgeBase(ctx, address.knowledgeBaseId);
  if (base === null || base.latestGeneration !== address.generation) return;
  const next = nextGeneration(base);
  if (next === null) return;
  let outcome: SliceOutcome;
  try {
    outcome = await slice(ctx, base, next);
  } catch (error) {
    return noteFailure(ctx, base, error);
  }
  if (outcome.state === "refused") return abandon(ctx, base, outcome.reason);
  if (outcome.state === "interrupted") return goOn(ctx, base);
  return outcome.vectors === null ? goOn(ctx, base, SETTLING_MS) : putInForce(ctx, base, next, outcome.vectors);
}

type SliceOutcome =
  /** `vectors`: where they are looked for, once all of them are found there. */
  { state: "whole"; vectors: VectorPlace | null } | { state: "interrupted" } | { state: "refused"; reason: string };

async function slice(ctx: ServiceContext, base: KnowledgeBaseRow, next: Generation): Promise<SliceOutcome> {
  const until = ctx.clock.now() + SLICE_MS;
  for (;;) {
    const rows = await missing(ctx, base, next).orderBy(asc(documents.id)).limit(PAGE);
    if (rows.length === 0) {
      const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, base.id, next.number);
      return { state: "whole", vectors: await index.settleAll() };
    }
    for (const row of rows) {
      const revision = indexedRevision(row);
      const reason = revision === null ? null : await reembed(ctx, base, next, row, revision);
      if (reason !== null) return { state: "refused", reason: `"${row.title}": ${reason}` };
      if (ctx.clock.now() > until) return { state: "interrupted" };
    }
    const current = await findKnowledgeBase(ctx, base.id);
    if (current?.nextEmbeddingModel !== base.nextEmbeddingModel || current.latestGeneration !== next.number) {
      return { state: "interrupted" };
    }
  }
}

/** What searches show and the next index does not hold yet. */
function missing(ctx: ServiceContext, base: KnowledgeBaseRow, next: Generation) {
  return ctx.db
    .select()
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, base.id),
        isNotNull(documents.indexedVersion),
        lt(documents.indexedGeneration, next.number),
      ),
    );
}

/** Why it cannot be, or `null`. */
async function reembed(
  ctx: ServiceContext,
  base: KnowledgeBaseRow,
  next: Generation,
  row: DocumentRow,
  revision: Revision,
): Promise<string | null> {
  const address = { knowledgeBaseId: base.id, documentId: row.id };
  const text = await ctx.ports.files.text(textKey(revision));
  // A replaced or deleted document takes its files with it: only one that still asks for them misses them.
  if (text === null) {
    const now = await findDocument(ctx, address);
    return now?.indexedVersion === revision.version ? "The text is no longer stored." : null;
  }
  const { title, metadata, contentType } = row;
  const entry = { revision, title, metadata, text, format: textFormat(contentType) };
  const outcome = await indexText(ctx, base, next, entry);
  if (!outcome.isIndexed) return outcome.reason;
  const [marked] = await ctx.db
    .update(documents)
    .set({ indexedGeneration: next.number, chunks: outcome.chunks })
    .where(
      and(
        isAt(ctx, address),
        eq(documents.indexedVersion, revision.version),
        exists(ctx.db.select({ id: knowledgeBases.id }).from(knowledgeBases).where(isStillAt(ctx, base))),
      ),
    )
    .returning({ id: documents.id });
  if (marked === undefined) await removeStray(ctx, { base, next, address, revision });
  return null;
}

/** The row went on while it was embedded. Another consumer may have done the same work in time, and then it stays. */
async function removeStray(
  ctx: ServiceContext,
  stray: {
    base: KnowledgeBaseRow;
    next: Generation;
    address: { knowledgeBaseId: string; documentId: string };
    revision: Revision;
  },
): Promise<void> {
  const { base, next, address, revision } = stray;
  const row = await findDocument(ctx, address);
  const isHeld = row?.indexedVersion === revision.version && row.indexedGeneration >= next.number;
  if (!isHeld) await removeEntries(ctx, { knowledgeBaseId: base.id, generation: next.number }, [revision]);
}

async function putInForce(
  ctx: ServiceContext,
  base: KnowledgeBaseRow,
  next: Generation,
  vectorIndex: VectorPlace,
): Promise<void> {
  const change = ctx.db
    .update(knowledgeBases)
    .set({
      generation: next.number,
      embeddingModel: next.embeddingModel,
      vectorIndex,
      ...NO_REEMBEDDING,
      updatedAt: ctx.clock.now(),
    })
    .where(and(isStillAt(ctx, base), notExists(missing(ctx, base, next))));
  try {
    await commit(ctx, {
      change,
      audit: {
        action: "knowledge-base.reembedded",
        target: { type: "knowledge-base", id: base.id },
        details: { embeddingModel: next.embeddingModel, before: base.embeddingModel },
      },
      tasks: [
        {
          type: "knowledge-base.clear-generation",
          payload: { knowledgeBaseId: base.id, generation: base.generation },
        },
      ],
    });
  } catch (error) {
    // A document was indexed between the last look and the commit, or the change of model was called off.
    if (asProblem(error)?.code !== "conflict") throw error;
    await goOn(ctx, base);
  }
}

/** Asks for the next slice, unless the generation is awaited no more. */
async function goOn(ctx: ServiceContext, base: KnowledgeBaseRow, delayMs = 0): Promise<void> {
  try {
    await commit(ctx, {
      change: ctx.db
        .update(knowledgeBases)
        .set({ reembeddingFailures: 0, reembeddingError: null })
        .where(isStillAt(ctx, base)),
      audit: [],
      tasks: [
        {
          type: "knowledge-base.reembed",
          payload: { knowledgeBaseId: base.id, generation: base.latestGeneration },
          delayMs,
        },
      ],
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
  }
}

async function noteFailure(ctx: ServiceContext, base: KnowledgeBaseRow, error: unknown): Promise<void> {
  const failure = asProblem(error);
  const reason = failure?.message ?? `Something went wrong on our side (${ctx.requestId}).`;
  if (failure === null) ctx.log.error("reembedding.defect", error, { knowledgeBaseId: base.id });
  const isLast = base.reembeddingFailures + 1 >= MAX_FAILURES || (failure !== null && !failure.retryable);
  if (isLast) return abandon(ctx, base, reason);
  await ctx.db
    .update(knowledgeBases)
    .set({ reembeddingFailures: sql`${knowledgeBases.reembeddingFailures} + 1`, reembeddingError: reason })
    .where(isStillAt(ctx, base));
  throw error;
}

async function abandon(ctx: ServiceContext, base: KnowledgeBaseRow, reason: string): Promise<void> {
  const { id, latestGeneration: generation, nextEmbeddingModel } = base;
  try {
    await commit(ctx, {
      change: ctx.db
        .update(knowledgeBases)
        .set({ ...NO_REEMBEDDING, reembeddingError: reason, updatedAt: ctx.clock.now() })
        .where(isStillAt(ctx, base)),
      audit: {
        action: "knowledge-base.reembedding-failed",
        target: { type: "knowledge-base", id },
        details: { embeddingModel: nextEmbeddingModel, reason },
      },
      tasks: [{ type: "knowledge-base.clear-generation", payload: { knowledgeBaseId: id, generation } }],
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
  }
}

const NO_REEMBEDDING = { nextEmbeddingModel: null, reembeddingFailures: 0, reembeddingError: null };
