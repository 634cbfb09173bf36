// Ends an ingestion: the row says what came of it.
//   G2  it settles last and only while it still asks for this revision; otherwise what was written is removed.
import { and, eq, exists, inArray } from "drizzle-orm";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import type { Settled } from "../together.ts";
import { findDocument, isAt } from "./load-document.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { removeEntries, removeRevisions } from "./remove-revisions.ts";
import { type Ingestion, indexedRevision, type Revision } from "./revision.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

/** What is known of a revision that is in the index. */
export interface IndexedText {
  characters: number;
  chunks: number;
  contentType: string;
  vectors: VectorPlace;
}

export function isUnsettled({ version }: Pick<Revision, "version">) {
  return and(eq(documents.version, version), inArray(documents.status, ["queued", "processing"]));
}

/** An attempt that died after it wrote may have left something of a revision that nobody asks for any more. */
export async function settleElsewhere(ctx: ServiceContext, ingestion: Ingestion): Promise<void> {
  const row = await findDocument(ctx, ingestion);
  const isHeld = row !== null && (row.version === ingestion.version || row.indexedVersion === ingestion.version);
  if (!isHeld) await removeRevisions(ctx, ingestion.knowledgeBaseId, [ingestion]);
}

/** A revision that was put into its base's index in force, and the row that asked for it. */
export interface IndexedRevision extends IndexedText {
  base: KnowledgeBaseRow;
  row: DocumentRow;
  ingestion: Ingestion;
}

/** In one commit, or each by itself where that is refused. Answers for each, in their order. */
export async function settleIndexed(
  ctx: ServiceContext,
  revisions: readonly IndexedRevision[],
): Promise<Settled<void>[]> {
  const settlements = revisions.map((revision) => settlementOf(ctx, revision));
  const isShared = settlements.length > 1 && (await isCommitted(ctx, settlements));
  return Promise.allSettled(settlements.map(async (settlement) => (isShared ? undefined : settle(ctx, settlement))));
}

function settlementOf(
  ctx: ServiceContext,
  { base, row, ingestion, characters, chunks, contentType, vectors }: IndexedRevision,
): Settlement {
  const now = ctx.clock.now();
  const before = indexedRevision(row);
  return {
    ingestion,
    change: {
      status: "indexed",
      contentType,
      characters,
      chunks,
      indexedVersion: ingestion.version,
      indexedFolder: ingestion.folder,
      indexedGeneration: base.generation,
      error: null,
      indexedAt: now,
      updatedAt: now,
    },
    audit: { action: "document.indexed", details: { version: ingestion.version, chunks } },
    superseded: before === null ? [] : [before],
    base,
    vectors,
  };
}

/** A revision that was indexed before stays searchable: the replacement failed, not the document. */
export async function settleFailed(ctx: ServiceContext, ingestion: Ingestion, reason: string): Promise<void> {
  await settle(ctx, {
    ingestion,
    change: { status: "failed", error: reason, updatedAt: ctx.clock.now() },
    audit: { action: "document.failed", details: { version: ingestion.version, reason } },
    superseded: [],
  });
}

interface Settlement {
  ingestion: Ingestion;
  change: Partial<DocumentRow>;
  audit: { action: string; details: Record<string, unknown> };
  superseded: Revision[];
  /** Whose index in force it was put into. */
  base?: KnowledgeBaseRow;
  /** Where that index looks for vectors. */
  vectors?: VectorPlace;
}

async function settle(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  if (await isCommitted(ctx, [settlement])) return;
  const { ingestion, base } = settlement;
  await settleElsewhere(ctx, ingestion);
  if (base !== undefined) await leaveOldIndex(ctx, ingestion, base);
}

/** `false` when one of the rows no longer asks for its revision, or not for this index: then none is settled. */
async function isCommitted(ctx: ServiceContext, settlements: readonly Settlement[]): Promise<boolean> {
  try {
    await commit(ctx, {
      change: settlements.map((settlement) => changed(ctx, settlement)),
      also: settlements.flatMap(({ base, vectors }) =>
        base === undefined || vectors === undefined || base.vectorIndex === vectors ? [] : [noted(ctx, base, vectors)],
      ),
      audit: settlements.map(({ ingestion: { documentId }, audit }) => ({
        ...audit,
        target: { type: "document", id: documentId },
      })),
      tasks: settlements.flatMap(({ ingestion: { knowledgeBaseId }, superseded }) =>
        superseded.map((revision) => ({
          type: "document.remove" as const,
          payload: { knowledgeBaseId, revisions: [revision] },
        })),
      ),
    });
    return true;
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    return false;
  }
}

function changed(ctx: ServiceContext, { ingestion, change, base }: Settlement) {
  return ctx.db
    .update(documents)
    .set(change)
    .where(and(isAt(ctx, ingestion), isUnsettled(ingestion), base && isInForce(ctx, base)));
}

function noted(ctx: ServiceContext, { id, generation }: KnowledgeBaseRow, vectorIndex: VectorPlace) {
  const { db, tenant } = ctx;
  return db
    .update(knowledgeBases)
    .set({ vectorIndex })
    .where(
      and(eq(knowledgeBases.tenantId, tenant.id), eq(knowledgeBases.id, id), eq(knowledgeBases.generation, generation)),
    );
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
