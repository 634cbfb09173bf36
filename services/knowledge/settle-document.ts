import { and, sql } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import type { Settling } from "../../domain/knowledge/index-contract.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { awaitSettling, type Settlement } from "./await-settling.ts";
import { findDocument, isAt } from "./load-document.ts";
import { findKnowledgeBase } from "./load-knowledge-base.ts";
import { removeEntries } from "./remove-revisions.ts";
import { indexEntry } from "./revision.ts";
import { isUnsettled, settleElsewhere, settleFailed, settleIndexed } from "./settle-ingestion.ts";
import { documents } from "./table.ts";

// With the growing pauses about two hours: a quarter of a million vectors, written one by one, take more than one.
const MAX_ASKS = 20;

/** Calls a document indexed once searches find it. Until then it asks again, with growing pauses and a bounded number of times. */
export async function settleDocument(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  requirePermission(ctx, "knowledge:write");
  const { knowledgeBaseId, generation, version } = settlement;
  const [row, base] = await Promise.all([findDocument(ctx, settlement), findKnowledgeBase(ctx, knowledgeBaseId)]);
  if (row === null || base === null || row.version !== version) return settleElsewhere(ctx, settlement);
  if (base.generation !== generation) return ingestAnew(ctx, settlement);
  const settling = await settlingOf(ctx, settlement);
  switch (settling) {
    case "settled":
      return settleIndexed(ctx, base, row, settlement, settlement);
    case "absent":
      return ingestAnew(ctx, settlement);
    case "pending":
      return settlement.asks < MAX_ASKS ? awaitSettling(ctx, settlement) : giveUp(ctx, settlement);
    default:
      return settling satisfies never;
  }
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

/** Another index came into force, or this one was cleared: what waited there is of no use. */
async function ingestAnew(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  const { knowledgeBaseId, documentId, version, folder } = settlement;
  await removeEntries(ctx, settlement, [settlement]);
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set({ attempts: sql`max(0, ${documents.attempts} - 1)` })
        .where(and(isAt(ctx, settlement), isUnsettled(settlement))),
      audit: [],
      tasks: [{ type: "document.ingest", payload: { knowledgeBaseId, documentId, version, folder } }],
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    await settleElsewhere(ctx, settlement);
  }
}

async function giveUp(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  await settleFailed(ctx, settlement, "The vector index accepted the document and did not take it in.");
  await removeEntries(ctx, settlement, [settlement]);
}
