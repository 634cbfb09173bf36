// Ends an ingestion: the row says what came of it.
//   G2  it settles last and only while it still asks for this revision; otherwise what was written is removed.
import { and, eq, exists, inArray } from "drizzle-orm";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
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

export async function settleIndexed(
  ctx: ServiceContext,
  base: KnowledgeBaseRow,
  row: DocumentRow,
  ingestion: Ingestion,
  { characters, chunks: chunkCount, contentType, vectors }: IndexedText,
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
    vectors,
  });
}

/** A revision that was indexed before stays searchable: the replacement failed, not the document. */
export async function settleFailed(ctx: ServiceContext, ingestion: Ingestion, reason: string): Promise<void> {
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
  /** Where that index looks for vectors. */
  vectors?: VectorPlace;
}

async function settle(
  ctx: ServiceContext,
  ingestion: Ingestion,
  { base, vectors, ...settlement }: Settlement,
): Promise<void> {
  const { knowledgeBaseId, documentId } = ingestion;
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set(settlement.change)
        .where(and(isAt(ctx, ingestion), isUnsettled(ingestion), base && isInForce(ctx, base))),
      also:
        base === undefined || vectors === undefined || base.vectorIndex === vectors ? [] : [noted(ctx, base, vectors)],
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
