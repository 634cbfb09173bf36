import { createHash } from "node:crypto";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { type IndexShape, shardName } from "../../domain/knowledge/index-shape.ts";
import { SearchCache } from "../../domain/knowledge/search-cache.ts";
import type { KnowledgeIndexes } from "../../services/knowledge/ports.ts";
import { type Ask, type IndexObject, type IndexObjects, noAnswer } from "../vector-index/index-objects.ts";
import { search } from "../vector-index/index-search.ts";
import { clear, removeDocument, settle, settleAll, stats, upsertDocuments } from "../vector-index/index-writes.ts";
import type { VectorStore } from "../vector-index/vector-store.ts";

interface Options {
  /** Vectors of its length are looked for there. */
  store?: VectorStore | null;
  chunksPerObject?: number;
  timeoutMs?: number;
}

/** Longer than any object should take, and shorter than a client waits. */
const TIMEOUT_MS = 10_000;

/** The size up to which one object answers in time; see docs/retrieval.md. */
const CHUNKS_PER_OBJECT = 100_000;
/** Of the 64 MiB that an object takes, so that documents may grow where they lie. */
const VECTOR_BYTES_PER_OBJECT = 48 * 1024 * 1024;

/** Indexes in objects, each of a knowledge base and generation. */
export function durableKnowledgeIndexes(
  namespace: DurableObjectNamespace,
  { store = null, chunksPerObject = CHUNKS_PER_OBJECT, timeoutMs = TIMEOUT_MS }: Options = {},
): KnowledgeIndexes {
  const capacity = (dimensions: number) => Math.min(chunksPerObject, Math.floor(VECTOR_BYTES_PER_OBJECT / dimensions));
  const known: Known = { shapes: new Map(), answers: new Map() };
  return {
    of(tenantId, knowledgeBaseId, generation) {
      const name = `${tenantId}:${knowledgeBaseId}${generation === 0 ? "" : `:${generation}`}`;
      const objects = { ...indexObjects(namespace, name, known), store, capacity, timeoutMs };
      return {
        upsertDocuments: (documents) => upsertDocuments(objects, documents),
        removeDocument: (documentId) => removeDocument(objects, documentId),
        settle: (documentId) => settle(objects, documentId),
        settleAll: () => settleAll(objects),
        search: (query) => search(objects, query),
        stats: () => stats(objects),
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

/** Indexes over several objects whose answers are remembered, and the results of each: some 6 MB in all. */
const MAX_REMEMBERED = 8;
const MAX_RESULTS = 250;

/** What an isolate knows of the indexes, by name. */
interface Known {
  readonly shapes: Map<string, IndexShape>;
  readonly answers: Map<string, SearchCache>;
}

function indexObjects(
  namespace: DurableObjectNamespace,
  index: string,
  { shapes, answers }: Known,
): Omit<IndexObjects, "store" | "capacity" | "timeoutMs"> {
  const nameOf = (shard: number) => shardName(index, shard);
  return {
    shard: (shard) => asking(namespace, nameOf(shard)),
    answers: () => answersOf(answers, index),
    namespace: (shard) => createHash("sha256").update(nameOf(shard)).digest("base64url"),
    shape: {
      get: () => shapes.get(index) ?? UNKNOWN,
      set({ shards, vectors, hasOutside }) {
        if (shapes.size >= MAX_SHAPES) shapes.clear();
        shapes.set(index, { shards, vectors, hasOutside });
      },
    },
  };
}

function answersOf(answers: Map<string, SearchCache>, index: string): SearchCache {
  const known = answers.get(index) ?? new SearchCache(MAX_RESULTS);
  putLast(answers, index, known, MAX_REMEMBERED);
  return known;
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
