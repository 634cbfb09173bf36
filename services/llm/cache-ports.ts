import type { CachedAnswer } from "../../domain/llm/answer-cache.ts";

export interface CacheQuestion {
  /** Digest of the whole request: finds what is equal. */
  key: string;
  /** Finds what is similar, where nothing is equal. */
  similar: (Similar & { threshold: number }) | null;
}

export interface Similar {
  /** Digest of all of the request but its question: only answers of the same scope are compared. */
  scope: string;
  vector: Float32Array;
  /** The question's figures and negations, which must be the same whatever the vectors say. */
  marks: string;
}

export interface KeptAnswer {
  key: string;
  similar: Similar | null;
  route: string;
  ttlSeconds: number;
  answer: CachedAnswer;
}

export interface CacheFind {
  answer: CachedAnswer;
  /** 1 for an equal request. */
  similarity: number;
  isExact: boolean;
}

/** The answers that one tenant's routes have kept. No other tenant can reach them. */
export interface AnswerCache {
  find(question: CacheQuestion): Promise<CacheFind | null>;
  keep(answer: KeptAnswer): Promise<void>;
  /** Forgets answers of a route, of a model (`provider/model`), of both, or all; tells how many. */
  forget(of: { route?: string | undefined; model?: string | undefined }): Promise<number>;
}

export interface AnswerCaches {
  of(tenantId: string): AnswerCache;
}
