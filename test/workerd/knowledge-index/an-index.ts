import { env } from "cloudflare:workers";
import type { IndexDocument, IndexQuery } from "../../../domain/knowledge/index-contract.ts";
import { DEFAULT_CHUNKING } from "../../../domain/knowledge/knowledge-base.ts";
import type { Metadata } from "../../../domain/knowledge/metadata.ts";
import type { SearchResult } from "../../../domain/knowledge/search.ts";
import { chunks } from "../../../domain/knowledge/text/chunks.ts";
import { structure } from "../../../domain/knowledge/text/structure.ts";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";

export type IndexStub = DurableObjectStub<KnowledgeIndex>;

/** A fresh index of its own, unless one is named. The generated binding does not name the class; wrangler.toml does. */
export function anIndex(name = `ten_test:${crypto.randomUUID()}`): IndexStub {
  const namespace = env.KNOWLEDGE_INDEX as unknown as DurableObjectNamespace<KnowledgeIndex>;
  return namespace.get(namespace.idFromName(name));
}

/** A document as the pipeline would index it. */
export function aDocument(
  documentId: string,
  text: string,
  metadata: Metadata = {},
  title = documentId,
): IndexDocument {
  return {
    documentId,
    title,
    metadata,
    chunks: chunks(text, structure(text, "markdown"), DEFAULT_CHUNKING).map((chunk, index) => ({
      chunkId: `${documentId}#${index}`,
      start: chunk.start,
      end: chunk.end,
      text: chunk.text,
      headingPath: chunk.headingPath,
    })),
  };
}

export async function found(index: IndexStub, query: IndexQuery): Promise<SearchResult[]> {
  const outcome = await index.search(query);
  if (!outcome.found) throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome.results as SearchResult[];
}
