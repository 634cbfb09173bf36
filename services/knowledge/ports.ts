import type { Extraction } from "../../domain/knowledge/extraction/extraction.ts";
import type {
  IndexDocument,
  IndexOutcome,
  IndexQuery,
  IndexSearchOutcome,
  IndexStats,
  Settling,
  VectorPlace,
} from "../../domain/knowledge/index-contract.ts";

/** Files at rest: uploads, extracted texts, exports. Keys are led by the tenant. */
export interface FileStore {
  put(key: string, body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<StoredFile>;
  text(key: string): Promise<string | null>;
  bytes(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Every key that begins with `prefix`. */
  list(prefix: string): Promise<string[]>;
  /** What is stored under `prefix`, in the order of the keys: all of it, or `limit` files that follow the key `after`. */
  entries(prefix: string, page?: { after: string; limit: number }): Promise<StoredFile[]>;
  remove(keys: string[]): Promise<void>;
}

export interface StoredFile {
  key: string;
  size: number;
  etag: string;
  uploadedAt: number;
}

/** Reads text out of files that are more than text. */
export interface TextExtractor {
  /** Whether files of this type, in lower case and without parameters, are for it. */
  reads(mediaType: string): boolean;
  /** Bounded in memory whatever the file claims; a file that cannot be read is an answer. */
  extract(source: Uint8Array<ArrayBuffer>, contentType: string): Promise<Extraction>;
}

/** One search index of a knowledge base; what it promises stands in domain/knowledge/index-contract.ts. */
export interface KnowledgeIndexPort {
  /** Answers for each, in their order: what one of them is refused for touches no other. */
  upsertDocuments(documents: readonly IndexDocument[]): Promise<IndexOutcome[]>;
  removeDocument(documentId: string): Promise<void>;
  /** Whether searches find the document by now: asked until it is so, where its upsert was not settled. */
  settle(documentId: string): Promise<Settling>;
  /** Where the vectors of all its documents are looked for; `null` while searches do not find every one of them. */
  settleAll(): Promise<VectorPlace | null>;
  search(query: IndexQuery): Promise<IndexSearchOutcome>;
  stats(): Promise<IndexStats>;
  /** Leaves nothing behind. */
  clear(): Promise<void>;
}

/** A model that reads question and passage together. */
export interface CrossEncoder {
  readonly name: string;
  /** Relevance between 0 and 1 of each text, in their order. Fails with the problem `provider-failed`. */
  scores(query: string, texts: readonly string[]): Promise<number[]>;
}

export interface KnowledgeIndexes {
  /** Each generation is an index of its own. */
  of(tenantId: string, knowledgeBaseId: string, generation: number): KnowledgeIndexPort;
  /** Fails when what keeps vectors outside of the objects does not answer. */
  probe(): Promise<void>;
}
