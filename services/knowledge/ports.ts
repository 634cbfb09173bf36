import type { JsonObject } from "../../domain/kernel/json.ts";

/** Files at rest: uploads, extracted texts, exports. Keys are led by the tenant. */
export interface FileStore {
  put(key: string, body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<void>;
  text(key: string): Promise<string | null>;
  bytes(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  remove(keys: string[]): Promise<void>;
}

export interface KnowledgeIndexes {
  of(tenantId: string, knowledgeBaseId: string): KnowledgeIndexPort;
}

export interface KnowledgeIndexPort {
  readonly placeholder?: JsonObject;
}
