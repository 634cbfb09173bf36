import { and } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { isAt } from "./load-document.ts";
import type { Ingestion } from "./revision.ts";
import { type IndexedText, isUnsettled, settleElsewhere } from "./settle-ingestion.ts";
import { documents } from "./table.ts";

/** A revision whose vectors are on their way into the index of this generation. */
export interface Settlement extends Ingestion, IndexedText {
  generation: number;
  /** How often it was asked whether they have arrived. */
  asks: number;
}

// Seconds as a rule; while a large base is filled, minutes.
const PAUSE = { firstMs: 2 * SECOND_MS, factor: 2, maxMs: 10 * MINUTE_MS };

/** Asks again later whether the revision can be found. Its row goes on waiting. */
export async function awaitSettling(ctx: ServiceContext, settlement: Settlement): Promise<void> {
  const { documentId, version, folder, knowledgeBaseId, generation, characters, chunks, contentType, vectors } =
    settlement;
  const asks = settlement.asks + 1;
  const payload = { documentId, version, folder, knowledgeBaseId, generation };
  try {
    await commit(ctx, {
      change: ctx.db
        .update(documents)
        .set({ status: "processing" })
        .where(and(isAt(ctx, settlement), isUnsettled(settlement))),
      audit: [],
      tasks: [
        {
          type: "document.settle",
          payload: { ...payload, characters, chunks, contentType, vectors, asks },
          delayMs: backoff(PAUSE, asks, ctx.random.next()),
        },
      ],
    });
  } catch (error) {
    if (asProblem(error)?.code !== "conflict") throw error;
    await settleElsewhere(ctx, settlement);
  }
}
