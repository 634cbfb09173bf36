import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { KnowledgeIndexes, KnowledgeIndexPort } from "../../services/knowledge/ports.ts";

/** The embedded index: one object a knowledge base and generation. Its operations may all be repeated, so a passing fault is tried once more. */
export function durableKnowledgeIndexes(namespace: DurableObjectNamespace): KnowledgeIndexes {
  return {
    of(tenantId, knowledgeBaseId, generation) {
      const name = `${tenantId}:${knowledgeBaseId}${generation === 0 ? "" : `:${generation}`}`;
      const call = <T>(use: (index: KnowledgeIndexPort) => Promise<T>) =>
        calling(() => use(indexObject(namespace, name)));
      return {
        upsertDocument: (document) => call((index) => index.upsertDocument(document)),
        removeDocument: (documentId) => call((index) => index.removeDocument(documentId)),
        search: (query) => call((index) => index.search(query)),
        stats: () => call((index) => index.stats()),
        clear: () => call((index) => index.clear()),
      };
    },
  };
}

/** The namespace is bound to the class KnowledgeIndex, whose public methods are this port's. */
function indexObject(namespace: DurableObjectNamespace, name: string): KnowledgeIndexPort {
  return namespace.getByName(name) as unknown as KnowledgeIndexPort;
}

/** A stub whose object was reset stays broken, so every attempt takes a new one. */
async function calling<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!isPassing(error)) throw translated(error);
  }
  try {
    return await use();
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  if (!isPassing(error) && !isOverloaded(error)) return asProblem(error) ?? error;
  return problem("unavailable", { detail: "The knowledge index did not answer.", retryAfterSeconds: 1, cause: error });
}

/** What the platform says of its own faults; an overloaded object is not asked again at once. */
function isPassing(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true && !isOverloaded(error);
}

function isOverloaded(error: unknown): boolean {
  return error instanceof Error && "overloaded" in error && error.overloaded === true;
}
