import { problem } from "../../domain/kernel/problem.ts";
import type { IndexDocument, IndexOutcome, VectorPlace } from "../../domain/knowledge/index-contract.ts";
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
  generation: Generation,
  text: IndexableText,
): Promise<TextOutcome> {
  const document = await indexDocumentOf(ctx, base, generation, text);
  const index = ctx.ports.knowledgeIndexes.of(ctx.tenant.id, base.id, generation.number);
  const [outcome] = await index.upsertDocuments([document]);
  return textOutcome(outcome);
}

/** A revision's text as the index takes it: in chunks, with their vectors where a model makes them. */
export async function indexDocumentOf(
  ctx: ServiceContext,
  base: { chunking: Chunking },
  { number, embeddingModel }: Generation,
  { revision, title, metadata, text, format }: IndexableText,
): Promise<IndexDocument> {
  const entry = indexEntry(revision);
  const pieces = chunks(text, structure(text, format), base.chunking);
  const { embedder, embeddings } = await embedChunks(ctx, embeddingModel, {
    key: number === 0 ? entry : `${entry}/${number}`,
    title,
    chunks: pieces,
  });
  return {
    documentId: entry,
    title,
    metadata,
    ...(embedder !== null && { embedder }),
    chunks: pieces.map(({ tokens: _, ...piece }, index) => ({
      chunkId: chunkId(revision, index),
      ...piece,
      ...(embeddings?.[index] !== undefined && { embedding: embeddings[index] }),
    })),
  };
}

/** What the index made of it, in words for the document's page. */
export function textOutcome(outcome: IndexOutcome | undefined): TextOutcome {
  if (outcome === undefined) throw problem("unavailable", { detail: "The index did not answer for the document." });
  if (outcome.indexed) {
    const { chunks, isSettled, vectors } = outcome;
    return { isIndexed: true, chunks, isSettled, vectors };
  }
  // A model that answers with vectors of another length than before: what follows it may agree again.
  if (outcome.reason === "embedder-mismatch") {
    throw problem("unavailable", { detail: `The index holds other vectors: ${outcome.detail}.` });
  }
  return { isIndexed: false, reason: `The index refused it: ${outcome.detail}.` };
}
