// A knowledge base's indexes: the one in force, and while it changes its embedding model the next one, which is being filled.
//   E1  searches ask the generation in force, and no other.
//   E2  the next comes into force in one commit, which finds every indexed document to be in it, or it does not.
//   E3  a number is never given twice, so what is late for one generation never lands in another.
import { and, eq, sql } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { type KnowledgeBaseRow, knowledgeBases } from "./table.ts";

export interface Generation {
  number: number;
  embeddingModel: string;
}

export interface GenerationAddress {
  knowledgeBaseId: string;
  generation: number;
}

export function generationInForce({ generation, embeddingModel }: KnowledgeBaseRow): Generation {
  return { number: generation, embeddingModel };
}

/** The one that is being filled, if one is. */
export function nextGeneration({ latestGeneration, nextEmbeddingModel }: KnowledgeBaseRow): Generation | null {
  return nextEmbeddingModel === null ? null : { number: latestGeneration, embeddingModel: nextEmbeddingModel };
}

export function isBeingReembedded({ nextEmbeddingModel }: KnowledgeBaseRow): boolean {
  return nextEmbeddingModel !== null;
}

/** The knowledge base, as long as its generations are those that were read. */
export function isStillAt(ctx: ServiceContext, base: KnowledgeBaseRow) {
  return and(
    eq(knowledgeBases.tenantId, ctx.tenant.id),
    eq(knowledgeBases.id, base.id),
    eq(knowledgeBases.generation, base.generation),
    eq(knowledgeBases.latestGeneration, base.latestGeneration),
    sql`${knowledgeBases.nextEmbeddingModel} is ${base.nextEmbeddingModel}`,
  );
}
