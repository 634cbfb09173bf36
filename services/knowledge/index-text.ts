import { problem } from "../../domain/kernel/problem.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import type { Chunking } from "../../domain/knowledge/knowledge-base.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";
import { chunks } from "../../domain/knowledge/text/chunks.ts";
import { structure, type TextFormat } from "../../domain/knowledge/text/structure.ts";
import type { ServiceContext } from "../context.ts";
import { embedChunks } from "./embedding.ts";
import type { Generation } from "./generations.ts";
import { chunkId, indexEntry, type Revision } from "./revision.ts";

export interface IndexableText {
  revision: Revision;
  title: string;
  metadata: Metadata;
  text: string;
  format: TextFormat;
}

export type TextOutcome =
  | { isIndexed: true; chunks: number; isSettled: boolean; vectors: VectorPlace }
  | { isIndexed: false; reason: string };

/** Chunks, embeds and indexes a revision's text. The same text yields the same chunks, so it may be repeated. */
export async function indexText(
  ctx: ServiceContext,
  base: { id: string; chunking: Chunking },
  { number, embeddingModel }: Generation,
  { revision, title, metadata, text, format }: IndexableText,
): Promise<TextOutcome> {
  const entry = indexEntry(revision);
  const pieces = chunks(text, structure(text, format), base.chunking);
  const { embedder, embeddings } = await embedChunks(ctx, embeddingModel, {
    key: number === 0 ? entry : `${entry}/${number}`,
    title,
    chunks: pieces,
  });
  const outcome = await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, base.id, number).upsertDocument({
    documentId: entry,
    title,
    metadata,
    ...(embedder !== null && { embedder }),
    chunks: pieces.map(({ tokens: _, ...piece }, index) => ({
      chunkId: chunkId(revision, index),
      ...piece,
      ...(embeddings?.[index] !== undefined && { embedding: embeddings[index] }),
    })),
  });
  if (outcome.indexed) {
    return { isIndexed: true, chunks: pieces.length, isSettled: outcome.isSettled, vectors: outcome.vectors };
  }
  // A model that answers with vectors of another length than before: what follows it may agree again.
  if (outcome.reason === "embedder-mismatch") {
    throw problem("unavailable", { detail: `The index holds other vectors: ${outcome.detail}.` });
  }
  return { isIndexed: false, reason: `The index refused it: ${outcome.detail}.` };
}
