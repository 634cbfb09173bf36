import { and, eq, ne, sql } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import type { Settling } from "../../domain/knowledge/index-contract.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { outcomeOf } from "../together.ts";
import { awaitSettling, type Settlement } from "./await-settling.ts";
import { findDocument, isAt } from "./load-document.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { removeEntries } from "./remove-revisions.ts";
import { indexEntry } from "./revision.ts";
import { type IndexedRevision, settleElsewhere, settleFailed, settleIndexed } from "./settle-ingestion.ts";
import { type DocumentRow, documents, type KnowledgeBaseRow } from "./table.ts";

// With the growing pauses about two hours: a quarter of a million vectors, written one by one, take more than one.
const MAX_ASKS = 20;

/**
 * Calls a document indexed once searches find it. Until then it asks again, with growing pauses and a bounded number of times.
 * Answers why the document failed; `null` when it did not, or is no longer asked for.
 */
export async function settleDocument(ctx: ServiceContext, settlement: Settlement): Promise<string | null> {
  requirePermission(ctx, "knowledge:write");
  const { knowledgeBaseId, generation, version } = settlement;
  const [row, base] = await Promise.all([findDocument(ctx, settlement), findKnowledgeBase(ctx, knowledgeBaseId)]);
  if (row === null || base === null || row.version !== version) await settleElsewhere(ctx, settlement);
  else if (base.generation !== generation) await ingestAnew(ctx, settlement);
  else return settleAs(await settlingOf(ctx, settlement), ctx, base, row, settlement);
  return null;
}

async function settleAs(
  settling: Settling,
  ctx: ServiceContext,
  base: KnowledgeBaseRow,
  row: DocumentRow,
  settlement: Settlement,
): Promise<string | null> {
  switch (settling) {
    case "settled":
      return settled(ctx, { ...settlement, base, row, ingestion: settlement });
    case "absent":
      await ingestAnew(ctx, settlement);
      return null;
    case "pending":
      if (settlement.asks >= MAX_ASKS) return giveUp(ctx, settlement);
      await awaitSettling(ctx, settlement);
      return null;
    default:
      return settling satisfies never;
  }
}

async function settled(ctx: ServiceContext, revision: IndexedRevision): Promise<null> {
  const [outcome] = await settleIndexed(ctx, [revision]);
  outcomeOf(outcome);
  return null;
}

/** While the vector index does not answer, nothing is known to have arrived. */
async function settlingOf(ctx: ServiceContext, settlement: Settlement): Promise<Settling> {
  const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, settlement.knowledgeBaseId, settlement.generation);
  try {
    return await index.settle(indexEntry(settlement));
  } catch (error) {
    if (asProblem(error)?.code !== "unavailable") throw error;
    return "pending";
  }
}

/** Another index came into force, this one was cleared, or the document was given up and is asked for again: it begins anew. */
async function ingestAnew(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  const { knowledgeBaseId, documentId, version, folder } = settlement;
  await removeEntries(ctx, settlement, [settlement]);
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set({ attempts: sql`max(0, ${documents.attempts} - 1)` })
        .where(and(isAt(ctx, settlement), eq(documents.version, version), ne(documents.status, "indexed"))),
      audit: [],
      tasks: [{ type: "document.ingest", payload: { knowledgeBaseId, documentId, version, folder } }],
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    await settleElsewhere(ctx, settlement);
  }
}

async function giveUp(ctx: ServiceContext, settlement: Settlement): Promise<string> {
  const reason = "The vector index accepted the document and did not take it in.";
  await settleFailed(ctx, settlement, reason);
  await removeEntries(ctx, settlement, [settlement]);
  return reason;
}
