import type { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import { hashedEmbedding } from "../../domain/knowledge/embedding/hashed.ts";
import type { IndexDocument, IndexQuery } from "../../domain/knowledge/index-contract.ts";

/** A model that embeds outside of the index, as providers do. */
export const OUTSIDE: EmbedderIdentity = { model: "acme/embed", version: "1", dimensions: 64 };

export function embedded(document: IndexDocument, { dimensions, ...model }: EmbedderIdentity = OUTSIDE): IndexDocument {
  const chunks = document.chunks.map((chunk) => ({ ...chunk, embedding: hashedEmbedding(chunk.text, dimensions) }));
  return { ...document, chunks, embedder: { ...model, dimensions } };
}

export function embeddedQuery(query: IndexQuery, embedder: EmbedderIdentity = OUTSIDE): IndexQuery {
  return { ...query, embedder, queryEmbedding: hashedEmbedding(query.query, embedder.dimensions) };
}
