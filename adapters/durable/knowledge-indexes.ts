import { createHash } from "node:crypto";
import { asProblem } from "../../domain/kernel/problem.ts";
import type { IndexShape } from "../../domain/knowledge/index-shape.ts";
import type { KnowledgeIndexes } from "../../services/knowledge/ports.ts";
import { type Ask, FIRST, type IndexObject, type IndexObjects, noAnswer } from "../vector-index/index-objects.ts";
import { search } from "../vector-index/index-search.ts";
import { clear, removeDocument, settle, settleAll, upsertDocument } from "../vector-index/index-writes.ts";
import type { VectorStore } from "../vector-index/vector-store.ts";

/** Indexes in objects of a knowledge base and generation; vectors of the store's length are looked for there. */
export function durableKnowledgeIndexes(
  namespace: DurableObjectNamespace,
  { store = null }: { store?: VectorStore | null } = {},
): KnowledgeIndexes {
  const shapes = new Map<string, IndexShape>();
  return {
    of(tenantId, knowledgeBaseId, generation) {
      const name = `${tenantId}:${knowledgeBaseId}${generation === 0 ? "" : `:${generation}`}`;
      const objects = indexObjects(namespace, name, store, shapes);
      return {
        upsertDocument: (document) => upsertDocument(objects, document),
        removeDocument: (documentId) => removeDocument(objects, documentId),
        settle: (documentId) => settle(objects, documentId),
        settleAll: () => settleAll(objects),
        search: (query) => search(objects, query),
        stats: () => objects.shard(FIRST)((first) => first.stats()),
        clear: () => clear(objects),
      };
    },
    async probe() {
      await store?.probe();
    },
  };
}

/** Shapes that are remembered; past this all are asked for anew. */
const MAX_SHAPES = 10_000;
const UNKNOWN: IndexShape = { shards: 1, vectors: "embedded", hasOutside: false };

function indexObjects(
  namespace: DurableObjectNamespace,
  index: string,
  store: VectorStore | null,
  shapes: Map<string, IndexShape>,
): IndexObjects {
  const nameOf = (shard: number) => (shard === FIRST ? index : `${index}/${shard}`);
  return {
    store,
    shard: (shard) => asking(namespace, nameOf(shard)),
    namespace: (shard) => createHash("sha256").update(nameOf(shard)).digest("base64url"),
    capacity: () => Number.MAX_SAFE_INTEGER,
    shape: {
      get: () => shapes.get(index) ?? UNKNOWN,
      set({ shards, vectors, hasOutside }) {
        if (shapes.size >= MAX_SHAPES) shapes.clear();
        shapes.set(index, { shards, vectors, hasOutside });
      },
    },
  };
}

/** A passing fault is tried once more. A stub whose object was reset stays broken, so every attempt takes a new one. */
function asking(namespace: DurableObjectNamespace, name: string): Ask {
  return async (use) => {
    try {
      return await use(indexObject(namespace, name));
    } catch (error) {
      if (!isPassing(error)) throw translated(error);
    }
    try {
      return await use(indexObject(namespace, name));
    } catch (error) {
      throw translated(error);
    }
  };
}

/** The namespace is bound to the class KnowledgeIndex, whose public methods are these. */
function indexObject(namespace: DurableObjectNamespace, name: string): IndexObject {
  return namespace.getByName(name) as unknown as IndexObject;
}

function translated(error: unknown): unknown {
  return isPassing(error) || isOverloaded(error) ? noAnswer(error) : (asProblem(error) ?? error);
}

/** What the platform says of its own faults; an overloaded object is not asked again at once. */
function isPassing(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true && !isOverloaded(error);
}

function isOverloaded(error: unknown): boolean {
  return error instanceof Error && "overloaded" in error && error.overloaded === true;
}
