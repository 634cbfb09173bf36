import type {
  IndexDocument,
  IndexOutcome,
  IndexQuery,
  IndexSearchOutcome,
  IndexStats,
} from "../../domain/knowledge/index-contract.ts";

/** Files at rest: uploads, extracted texts, exports. Keys are led by the tenant. */
export interface FileStore {
  put(key: string, body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<void>;
  text(key: string): Promise<string | null>;
  bytes(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Every key that begins with `prefix`. */
  list(prefix: string): Promise<string[]>;
  remove(keys: string[]): Promise<void>;
}

/** The search index of one knowledge base; what it promises stands in domain/knowledge/index-contract.ts. */
export interface KnowledgeIndexPort {
  upsertDocument(document: IndexDocument): Promise<IndexOutcome>;
  removeDocument(documentId: string): Promise<unknown>;
  search(query: IndexQuery): Promise<IndexSearchOutcome>;
  stats(): Promise<IndexStats>;
  /** Leaves nothing behind. */
  clear(): Promise<void>;
}

export interface KnowledgeIndexes {
  of(tenantId: string, knowledgeBaseId: string): KnowledgeIndexPort;
}
