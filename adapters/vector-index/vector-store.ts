/** What keeps vectors outside of the index's objects and tells which lie nearest. */
export interface VectorStore {
  readonly name: string;
  /** The one length that its vectors have. */
  readonly dimensions: number;
  /** Ids of the namespace, nearest first. Fails with the problem `unavailable`. */
  nearest(namespace: string, vector: ArrayLike<number>): Promise<string[]>;
  /** Replaces what lay under the ids. Accepted, not done: the answer names the last change, which `isProcessed` is asked for. */
  upsert(vectors: readonly StoredVector[]): Promise<string>;
  remove(ids: readonly string[]): Promise<void>;
  /** Which of these writes searches know of, each named by its last id and its last change. */
  processed(writes: readonly Write[]): Promise<boolean[]>;
  /** Fails when it does not answer, or holds vectors of another length. */
  probe(): Promise<void>;
}

export interface StoredVector {
  readonly id: string;
  readonly namespace: string;
  readonly values: ArrayLike<number>;
}

export interface Write {
  readonly id: string;
  readonly mutation: string | null;
}
