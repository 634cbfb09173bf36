import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { isoTime } from "../../domain/kernel/time.ts";
import type { DocumentStatus, KnowledgeDocument } from "../../domain/knowledge/document.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import type { Chunking, KnowledgeBase, Reembedding } from "../../domain/knowledge/knowledge-base.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";

// Times in milliseconds. The documents' bytes and texts lie in the file store, their chunks in the index.

export const knowledgeBases = sqliteTable(
  "knowledge_bases",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    name: text().notNull(),
    description: text(),
    chunking: text({ mode: "json" }).$type<Chunking>().notNull(),
    embeddingModel: text().notNull(),
    /** The index that searches ask; see generations.ts. */
    generation: integer().notNull().default(0),
    /** The newest number given. While `nextEmbeddingModel` is set, the index of this number is being filled. */
    latestGeneration: integer().notNull().default(0),
    nextEmbeddingModel: text(),
    /** How often in a row the filling failed, and why it did last. */
    reembeddingFailures: integer().notNull().default(0),
    reembeddingError: text(),
    /** Where the index in force looks for vectors. */
    vectorIndex: text().$type<VectorPlace>().notNull().default("embedded"),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [index("knowledge_bases_by_tenant").on(table.tenantId, table.id)],
);
export type KnowledgeBaseRow = typeof knowledgeBases.$inferSelect;

export const documents = sqliteTable(
  "documents",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    knowledgeBaseId: text().notNull(),
    externalId: text(),
    title: text().notNull(),
    contentType: text().notNull(),
    sourceUrl: text(),
    metadata: text({ mode: "json" }).$type<Metadata>().notNull(),
    status: text().$type<DocumentStatus>().notNull(),
    /** Grows with each replacement. With `folder`, where its files lie, it makes the revision: see revision.ts. */
    version: integer().notNull(),
    folder: text().notNull(),
    /** The revision that searches show: while a replacement is being read, the one before it. */
    indexedVersion: integer(),
    indexedFolder: text(),
    /** The newest generation whose index holds that revision. */
    indexedGeneration: integer().notNull().default(0),
    /** How often the ingestion of this version was begun. */
    attempts: integer().notNull().default(0),
    characters: integer().notNull().default(0),
    chunks: integer().notNull().default(0),
    error: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    indexedAt: integer(),
  },
  (table) => [
    uniqueIndex("documents_by_external_id").on(table.tenantId, table.knowledgeBaseId, table.externalId),
    // Holds what the counts of a knowledge base need, so that they are read without the rows.
    index("documents_by_knowledge_base").on(table.tenantId, table.knowledgeBaseId, table.id, table.chunks),
  ],
);
export type DocumentRow = typeof documents.$inferSelect;

export interface Counts {
  documents: number;
  chunks: number;
  reembedding: Progress | null;
}

/** Of the documents that searches show, how many the next index holds. */
export interface Progress {
  documents: number;
  reembedded: number;
}

export function toKnowledgeBase(row: KnowledgeBaseRow, { reembedding, ...counts }: Counts): KnowledgeBase {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    chunking: row.chunking,
    embeddingModel: row.embeddingModel,
    vectorIndex: row.vectorIndex,
    reembedding: toReembedding(row, reembedding),
    ...counts,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}

function toReembedding(row: KnowledgeBaseRow, progress: Progress | null): Reembedding | null {
  const { nextEmbeddingModel: embeddingModel, reembeddingError: error } = row;
  if (embeddingModel === null) return error === null ? null : { status: "failed", error };
  return { status: "running", embeddingModel, error, ...(progress ?? { documents: 0, reembedded: 0 }) };
}

export function toDocument(row: DocumentRow): KnowledgeDocument {
  return {
    id: row.id,
    knowledgeBaseId: row.knowledgeBaseId,
    externalId: row.externalId,
    title: row.title,
    contentType: row.contentType,
    sourceUrl: row.sourceUrl,
    metadata: row.metadata,
    status: row.status,
    version: row.version,
    characters: row.characters,
    chunks: row.chunks,
    error: row.error,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
    indexedAt: row.indexedAt === null ? null : isoTime(row.indexedAt),
  };
}
